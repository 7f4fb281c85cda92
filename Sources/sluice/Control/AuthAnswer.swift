import Foundation
import NIOCore
import SluiceTypes
import SluiceWire

/// What an auth webhook says of a publisher that it lets in (specs/gateway-surface §4), with two fields of ours: `sla`, a part of a
/// service level as in `POST /routing/sla`, and `tenant`; and what is to be made of the stream while it is live
/// (specs/live-ai-protocol §8.1), with `outputs`, a list of RTMP URLs, beside the reference's one.
struct AuthAnswer: Sendable {
    /// `nil`: as the publisher called it.
    var stream: StreamID?
    /// For playing by RTMP.
    var key: String?
    /// `nil`: the gateway's own.
    var profiles: [TranscodeProfile]?
    var tenant: String?
    var serviceLevel = ServiceLevelChange.none
    var liveVideo: LiveVideoGrant?
    /// Fields that ask for something this gateway does not do.
    var unheeded: [String] = []

    /// Why an answer cannot be used.
    enum Fault: Error, CustomStringConvertible {
        /// It says nothing that a stream could be opened with.
        case unreadable(String)
        /// It lets the stream in, but asks for what cannot be.
        case unusable(String)

        var description: String {
            switch self {
            case .unreadable(let text), .unusable(let text): "the auth webhook's answer \(text)"
            }
        }
    }

    private static let notDone = ["objectStore", "recordObjectStore", "recordObjectStoreUrl", "previousSessions", "verificationFreq"]

    /// An empty body lets the publisher in as it asked.
    init(_ body: ByteBuffer) throws(Fault) {
        guard body.readableBytes > 0 else { return }
        guard let object = try? JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any] else {
            throw .unreadable("is no JSON object")
        }
        liveVideo = try Self.liveVideo(object)
        if let name = object["manifestID"] as? String, !name.isEmpty {
            guard let stream = StreamID(Self.cleaned(name)) else {
                throw .unreadable(
                    "has manifestID '\(name)'; up to \(StreamID.longest) letters, digits, '-', '_', '.' and '+' are right")
            }
            self.stream = stream
        } else if liveVideo == nil {
            // Webhooks of live video name none.
            throw .unreadable("has no manifestID")
        }
        key = (object["streamKey"] as? String).flatMap { $0.isEmpty ? nil : $0 }
        tenant = (object["tenant"] as? String).flatMap { $0.isEmpty ? nil : $0 }
        do { profiles = try TranscodeConfiguration.profiles(json: body) } catch {
            throw .unusable("has profiles that do not work: \(error)")
        }
        if let sla = object["sla"] {
            guard let part = sla as? [String: Any] else { throw .unusable("has an sla that is no object") }
            do { serviceLevel = try ServiceLevelChange(part) } catch { throw .unusable("has an sla that does not work: \(error)") }
        }
        unheeded = Self.notDone.filter { Self.asksForSomething(object[$0]) }
    }

    private static func liveVideo(_ object: [String: Any]) throws(Fault) -> LiveVideoGrant? {
        func text(_ key: String) throws(Fault) -> String? {
            guard let value = object[key], !(value is NSNull) else { return nil }
            guard let text = value as? String else { throw .unusable("has a \(key) that is no text") }
            return text.isEmpty ? nil : text
        }
        var grant = LiveVideoGrant(
            model: try text("pipeline"), streamID: try text("stream_id"), pipelineID: try text("pipeline_id"),
            outputs: try text("rtmp_output_url").map { [$0] } ?? [])
        if let value = object["outputs"], !(value is NSNull) {
            guard let outputs = value as? [String] else { throw .unusable("has outputs that are no list of RTMP URLs") }
            grant.outputs += outputs
        }
        if let value = object["pipeline_parameters"], !(value is NSNull) {
            guard var parameters = value as? [String: Any] else { throw .unusable("has pipeline_parameters that are no object") }
            // As the reference does: a workflow alone is meant as the prompt.
            if grant.model == "comfyui", parameters["prompt"] == nil { parameters = ["prompt": parameters] }
            guard let bytes = try? JSONSerialization.data(withJSONObject: parameters, options: [.sortedKeys, .withoutEscapingSlashes])
            else { throw .unusable("has pipeline_parameters that cannot be passed on") }
            grant.parameters = String(decoding: bytes, as: UTF8.self)
        }
        return grant == LiveVideoGrant() ? nil : grant
    }

    private static func asksForSomething(_ value: Any?) -> Bool {
        switch value {
        case let text as String: !text.isEmpty
        case let list as [Any]: !list.isEmpty
        case let number as NSNumber: number.doubleValue != 0
        default: false
        }
    }

    /// Without the leading path element that URLs may have too.
    private static func cleaned(_ name: String) -> String {
        for prefix in ["stream/", "live/"] where name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count)) }
        return name
    }
}

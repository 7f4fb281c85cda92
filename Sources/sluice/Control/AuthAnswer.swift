import Foundation
import NIOCore
import SluiceTypes
import SluiceWire

/// What an auth webhook says of a publisher that it lets in (specs/gateway-surface §4), with two fields of ours: `sla`, a part of a
/// service level as in `POST /routing/sla`, and `tenant`.
struct AuthAnswer: Sendable {
    /// `nil`: as the publisher called it.
    var stream: StreamID?
    /// For playing by RTMP.
    var key: String?
    /// `nil`: the gateway's own.
    var profiles: [TranscodeProfile]?
    var tenant: String?
    var serviceLevel = ServiceLevelChange.none
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
        guard let name = object["manifestID"] as? String, !name.isEmpty else { throw .unreadable("has no manifestID") }
        guard let stream = StreamID(Self.cleaned(name)) else {
            throw .unreadable(
                "has manifestID '\(name)'; up to \(StreamID.longest) letters, digits, '-', '_', '.' and '+' are right")
        }
        self.stream = stream
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

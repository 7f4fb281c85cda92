import Foundation
package import NIOCore

/// The batch AI endpoints of the network (specs/ai-jobs §1), each served by single-shot runners of the app `pipeline/model`, or of the
/// pipeline alone.
package struct BatchPipeline: Hashable, Sendable {
    package let name: String
    private let modelField: String
    private let usualModel: String

    private static let all: [String: BatchPipeline] = Dictionary(
        uniqueKeysWithValues: [
            ("text-to-image", "stabilityai/sdxl-turbo"), ("image-to-image", "stabilityai/sdxl-turbo"),
            ("image-to-video", "stabilityai/stable-video-diffusion-img2vid-xt"), ("upscale", "stabilityai/stable-diffusion-x4-upscaler"),
            ("audio-to-text", "openai/whisper-large-v3"), ("segment-anything-2", "facebook/sam2-hiera-large"),
            ("llm", "meta-llama/llama-3.1-8B-Instruct"), ("image-to-text", "Salesforce/blip-image-captioning-large"),
            ("text-to-speech", "parler-tts/parler-tts-large-v1"),
        ].map { name, model in
            ("/\(name)", BatchPipeline(name: name, modelField: name == "llm" ? "model" : "model_id", usualModel: model))
        })

    package static var names: [String] { all.values.map(\.name).sorted() }

    private init(name: String, modelField: String, usualModel: String) {
        self.name = name
        self.modelField = modelField
        self.usualModel = usualModel
    }

    /// - Parameter path: raw, with the query.
    package init?(path: String) {
        guard let known = Self.all[String(path.prefix { $0 != "?" })] else { return nil }
        self = known
    }

    package func apps(model: String) -> [String] { ["\(name)/\(model)", name] }

    /// The model that a request is for, and its body with the model in it: old peers fall over a body without (§1.1).
    ///
    /// - Throws: `JSONFault`.
    package func model(of body: ByteBuffer, contentType: String) throws(JSONFault) -> (model: String, body: ByteBuffer) {
        if let boundary = Self.boundary(contentType) { return try multipart(body, boundary) }
        let json = try JSONTree(parsing: body.readableBytesView)
        guard case .object(let members) = json else { throw JSONFault("the body is no JSON object") }
        if let model = json[modelField]?.string, !model.isEmpty { return (try checked(model), body) }
        let others = members.filter { $0.key != modelField }
        return (usualModel, ByteBuffer(string: JSONTree.object(others + [.init(modelField, .text(usualModel))]).text))
    }

    private func checked(_ model: String) throws(JSONFault) -> String {
        guard model.utf8.count <= RunnerForm.longestText else {
            throw JSONFault("\(modelField): at most \(RunnerForm.longestText) bytes are right")
        }
        return model
    }

    private static func boundary(_ type: String) -> String? {
        guard type.lowercased().hasPrefix("multipart/form-data"), let mark = type.range(of: "boundary=", options: .caseInsensitive) else {
            return nil
        }
        let text = type[mark.upperBound...].prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
        return text.trimmingCharacters(in: CharacterSet(charactersIn: "\""))
    }

    private func multipart(_ body: ByteBuffer, _ boundary: String) throws(JSONFault) -> (model: String, body: ByteBuffer) {
        guard !boundary.isEmpty, boundary.utf8.count <= 200 else { throw JSONFault("a multipart body needs a boundary") }
        let bytes = Data(body.readableBytesView)
        let mark = Data("--\(boundary)".utf8)
        guard let first = bytes.range(of: mark), first.lowerBound == 0 else {
            throw JSONFault("the multipart body does not begin with its boundary")
        }
        let name = Data("name=\"\(modelField)\"".utf8)
        let gap = Data("\r\n\r\n".utf8)
        var start = first.upperBound
        while let next = bytes.range(of: mark, in: start..<bytes.count) {
            if let head = bytes.range(of: gap, in: start..<next.lowerBound), bytes.range(of: name, in: start..<head.lowerBound) != nil {
                let value = bytes[head.upperBound..<max(head.upperBound, next.lowerBound - 2)]
                let model = String(decoding: value.prefix(RunnerForm.longestText + 1), as: UTF8.self)
                if !model.isEmpty { return (try checked(model), body) }
            }
            start = next.upperBound
        }
        var filled = ByteBuffer(
            string: "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(modelField)\"\r\n\r\n\(usualModel)\r\n")
        filled.writeImmutableBuffer(body)
        return (usualModel, filled)
    }

    /// As the reference's gateway shows its errors.
    package static func problem(_ text: String) -> JSONTree { .members(["error": .members(["message": .text(text)])]) }
}

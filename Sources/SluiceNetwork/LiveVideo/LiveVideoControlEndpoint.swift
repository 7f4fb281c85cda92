import HTTPTypes
import NIOCore
package import SluiceTypes
import SluiceWire

/// Live video on the gateway's media port: `/live/video-to-video/NAME/…` (specs/live-ai-protocol §2), and what the reference lacks: a
/// stop, events, an update that is answered when the orchestrator has it.
package struct LiveVideoControlEndpoint: HTTPResponder {
    package static let prefix = "/live/video-to-video/"
    private let control: any LiveVideoControl

    package init(_ control: any LiveVideoControl) { self.control = control }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        let parts = path.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        switch (request.head.method, parts.count, parts.last) {
        case (.options, 2, _): try await writer.send(.noContent, headers: [.allow: "DELETE, GET, OPTIONS, POST"])
        case (.post, 2, "update"):
            guard try await mayOrder(parts[0], request.head, writer) else { return }
            try await update(parts[0], request, writer)
        case (.get, 2, "status"):
            guard let status = control.liveVideo(parts[0]) else { return try await missing(writer) }
            try await writer.send(
                .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
                body: ByteBuffer(string: LiveVideoForms.report(status).text + "\n"))
        case (.get, 2, "events"): try await watch(parts[0], writer)
        case (.delete, 1, _):
            guard try await mayOrder(parts[0], request.head, writer) else { return }
            guard control.stop(liveVideo: parts[0]) else { return try await missing(writer) }
            try await writer.send(.noContent)
        case (_, 1, _), (_, 2, "update"), (_, 2, "status"), (_, 2, "events"):
            try await refuse(.methodNotAllowed, "GET …/status or …/events, POST …/update and DELETE are right", writer)
        default: try await refuse(.notFound, "\(Self.prefix)STREAM/status, /events, /update and \(Self.prefix)STREAM are here", writer)
        }
    }

    private func mayOrder(_ name: String, _ head: HTTPRequest, _ writer: HTTPResponseWriter) async throws -> Bool {
        guard let why = await control.refusal(of: head, for: name) else { return true }
        try await refuse(.forbidden, why, writer)
        return false
    }

    private func update(_ name: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: LiveVideoForms.longestUpdate) } catch is HTTPBodyTooLarge {
            return try await refuse(.contentTooLarge, "parameters have at most \(LiveVideoForms.longestUpdate) bytes", writer)
        }
        let text = String(buffer: body)
        // Of a stream that is not there, first: that is what the reference's clients look for.
        guard control.liveVideo(name) != nil else { return try await missing(writer) }
        do { _ = try LiveVideoForms.parameters(text) } catch { return try await refuse(.badRequest, error.description, writer) }
        do {
            // As they are: workers are told what was said.
            guard try await control.update(liveVideo: name, parameters: text) else { return try await missing(writer) }
        } catch {
            return try await refuse(.internalServerError, "the worker has not got them, the next one will: \(error)", writer)
        }
        try await writer.send(.ok)
    }

    private func watch(_ name: String, _ writer: HTTPResponseWriter) async throws {
        guard let status = control.liveVideo(name) else { return try await missing(writer) }
        try await LiveVideoEvents.watch(from: status, writer, LiveVideoForms.report) { control.liveVideo(name) }
        try await writer.finish()
    }

    private func missing(_ writer: HTTPResponseWriter) async throws { try await refuse(.notFound, "Stream not found", writer) }

    private func refuse(_ status: HTTPResponse.Status, _ text: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(
            status, headers: [.contentType: "text/plain; charset=utf-8", .xContentTypeOptions: "nosniff"],
            body: ByteBuffer(string: text + "\n"))
    }
}

extension LiveVideoControl {
    /// Why a request may not steer the work on a stream; `nil` when it may. No page of another site does, and where publishers need a token,
    /// so does this. To be asked before anything of the body is read.
    func refusal(of head: HTTPRequest, for name: String) async -> String? {
        if let page = ForeignPage(asking: head) { return "\(page) may not steer live video; a program, or a page from here, is right" }
        do { try await confirm(liveVideo: name, token: ShownToken(head)?.text) } catch { return "\(error)" }
        return nil
    }
}

/// How the work on a stream goes, as server-sent events: at once, and with each change.
enum LiveVideoEvents {
    /// How soon those who watch hear of a change.
    private static let lookInterval: Duration = .milliseconds(250)
    /// A comment for proxies that cut what is silent.
    private static let quietTime: Duration = .seconds(15)

    /// Begins the answer, and returns when the stream has ended; the answer's end is its caller's.
    static func watch(
        from first: LiveVideoStatus, _ writer: HTTPResponseWriter, _ report: (LiveVideoStatus) -> JSONTree, _ look: () -> LiveVideoStatus?
    ) async throws {
        var status = first
        try await writer.begin(.ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
        try await write(status, report, writer)
        var quiet = ContinuousClock.now
        while status.phase != .ended {
            try await Task.sleep(for: lookInterval)
            guard let next = look() else { break }
            if next.revision != status.revision {
                try await write(next, report, writer)
                quiet = .now
            } else if quiet.duration(to: .now) > quietTime {
                try await writer.write(ByteBuffer(string: ":\n\n"))
                quiet = .now
            }
            status = next
        }
    }

    private static func write(
        _ status: LiveVideoStatus, _ report: (LiveVideoStatus) -> JSONTree, _ writer: HTTPResponseWriter
    ) async throws {
        try await writer.write(ByteBuffer(string: "id: \(status.revision)\nevent: status\ndata: \(report(status).text)\n\n"))
    }
}

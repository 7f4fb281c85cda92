import Foundation
package import HTTPTypes
import NIOCore
package import SluiceTypes
package import SluiceWire

/// BYOC streams on the gateway's media port: `/process/stream/start` and `/process/stream/ID/…` (specs/byoc §6.1), with the reference's codes
/// and answers. What it lacks: a start that is answered when a worker has the stream, events, valid ends of server-sent events.
package struct StreamJobEndpoint: HTTPResponder {
    package static let prefix = "/process/stream/"
    /// Words that stand behind a stream's name.
    package static let verbs = ["update", "stop", "rtmp", "whip", "status", "data", "events"]
    /// Of a form that a media server sends.
    private static let longestForm = 16 << 10
    /// A comment for proxies that cut what is silent.
    private static let quietTime: Duration = .seconds(15)

    private let jobs: any StreamJobs & LiveVideoControl
    private let places: @Sendable (HTTPRequest) -> StreamJobForms.Places

    /// - Parameter places: how the client of a request reaches this gateway.
    package init(_ jobs: any StreamJobs & LiveVideoControl, places: @escaping @Sendable (HTTPRequest) -> StreamJobForms.Places) {
        self.jobs = jobs
        self.places = places
    }

    package func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        let parts = path.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        do {
            switch (request.head.method, parts.count, parts.last ?? "") {
            case (.options, _, _): try await writer.send(.noContent, headers: [.allow: "GET, OPTIONS, POST"])
            case (.post, 1, "start"): try await start(request, writer)
            case (.post, 2, "update"): try await update(parts[0], request, writer)
            case (.post, 2, "stop"): try await stop(parts[0], request, writer)
            case (.post, 2, "rtmp"): try await published(parts[0], request, writer)
            case (_, 2, "whip"):
                let places = places(request.head)
                try await writer.say(.notImplemented, "there is no WHIP here; publish to \(places.rtmp)/live/\(parts[0])")
            case (.get, 2, "status"):
                guard let status = jobs.job(parts[0]) else { return try await missing(writer) }
                try await writer.send(json: StreamJobForms.report(status), headers: [.cacheControl: "no-store"])
            case (.get, 2, "events"): try await events(parts[0], writer)
            case (.get, 2, "data"): try await data(parts[0], writer)
            case (_, 1, "start"), (_, 2, "update"), (_, 2, "stop"), (_, 2, "rtmp"): try await disallow("POST", writer)
            case (_, 2, "status"), (_, 2, "events"), (_, 2, "data"): try await disallow("GET", writer)
            default:
                try await writer.say(
                    .notFound, "\(Self.prefix)start and \(Self.prefix)STREAM/\(Self.verbs.joined(separator: ", /")) are here")
            }
        } catch let error as HTTPBodyTooLarge {
            try await writer.say(.contentTooLarge, error.description)
        }
    }

    private func missing(_ writer: HTTPResponseWriter) async throws { try await writer.say(.notFound, "Stream not found") }

    private func disallow(_ method: String, _ writer: HTTPResponseWriter) async throws {
        try await writer.say(.methodNotAllowed, "Method not allowed", headers: [.allow: method])
    }

    // MARK: Start

    private func start(_ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        if let page = ForeignPage(asking: request.head) { return try await writer.say(.forbidden, "\(page) may not begin a stream") }
        let body = try await request.body.collect(upTo: StreamJobForms.longest)
        let job: JobHeader
        do { job = try JobHeader(request.head.headerFields[.livepeer] ?? "") } catch {
            return try await writer.say(.badRequest, "Unable to parse job request, err=\(error)")
        }
        guard !job.capability.isEmpty else { return try await writer.say(.badRequest, "the job names no capability") }
        let asked: StreamJobForms.Start
        do { asked = try StreamJobForms.start(body.readableBytesView, random: RunnerKeys.name(8)) } catch {
            return try await writer.say(.badRequest, error.description)
        }
        let order = LiveVideoOrder(
            model: job.capability, parameters: asked.parameters, streamID: asked.stream.rawValue, outputs: asked.outputs,
            job: StreamJob(
                request: job.request.isEmpty ? "{}" : job.request, parameters: job.parameters.isEmpty ? "{}" : job.parameters,
                timeout: job.timeout, include: job.include, exclude: job.exclude, takesVideo: job.wantsVideoIn,
                makesVideo: job.wantsVideoOut, saysData: job.wantsData))
        let places = places(request.head)
        let publisher = PublishRequest(
            stream: asked.stream, key: nil, origin: .httpPush, remoteAddress: request.remoteAddress,
            url: "\(places.http)/live/\(asked.stream)", token: ShownToken(request.head)?.text)
        let status: LiveVideoStatus
        do { status = try await jobs.start(order, publisher) } catch {
            return try await writer.say(Self.status(of: error), error.description)
        }
        try await writer.send(json: StreamJobForms.started(status, places))
    }

    private static func status(of refusal: StreamJobRefusal) -> HTTPResponse.Status {
        switch refusal {
        case .unknownCapability, .exists, .unusable: .badRequest
        case .denied: .forbidden
        case .unplaced, .tooMany, .shuttingDown: .serviceUnavailable
        }
    }

    // MARK: While it runs

    private func update(_ name: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard jobs.job(name) != nil else { return try await missing(writer) }
        if let why = await jobs.refusal(of: request.head, for: name) { return try await writer.say(.forbidden, why) }
        do { _ = try JobHeader(request.head.headerFields[.livepeer] ?? "") } catch {
            return try await writer.say(.badRequest, "Unable to parse job request, err=\(error)")
        }
        let body = try await request.body.collect(upTo: StreamJobForms.longest)
        do { try StreamJobForms.update(body.readableBytesView) } catch { return try await writer.say(.badRequest, error.description) }
        do {
            guard let answer = try await jobs.update(job: name, parameters: String(buffer: body)) else { return try await missing(writer) }
            try await pass(answer, writer)
        } catch {
            try await writer.say(.badGateway, "the worker has not got them, the next one will: \(error)")
        }
    }

    private func stop(_ name: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        if let why = await jobs.refusal(of: request.head, for: name) { return try await writer.say(.forbidden, why) }
        guard let answer = await jobs.stop(job: name) else { return try await missing(writer) }
        try await pass(answer, writer)
    }

    private func pass(_ answer: WorkerAnswer, _ writer: HTTPResponseWriter) async throws {
        try await writer.send(
            HTTPResponse.Status(code: answer.status), headers: answer.contentType.map { [.contentType: $0] } ?? [:], body: answer.body)
    }

    /// A media server's word that a publisher is ready. It publishes to this gateway; so this only says whether it does.
    private func published(_ name: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        guard jobs.job(name) != nil else { return try await missing(writer) }
        let form = String(buffer: try await request.body.collect(upTo: Self.longestForm))
        var fields: [String: String] = [:]
        for pair in form.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields[String(sides[0])] = sides.count > 1 ? sides[1].removingPercentEncoding : ""
        }
        // In the reference's words (specs/live-ai-protocol §2.1).
        for needed in ["source_id", "source_type"] where fields[needed, default: ""].isEmpty {
            return try await writer.say(.badRequest, "Missing \(needed)")
        }
        guard ["rtmpconn", "webrtcsession"].contains(fields["source_type", default: ""].lowercased()) else {
            return try await writer.say(.badRequest, "unknown media source")
        }
        guard jobs.isFed(name) else {
            return try await writer.say(
                .badRequest, "nobody publishes \(name) here; have your server publish to \(places(request.head).rtmp)/live/\(name)")
        }
        try await writer.send(.ok)
    }

    private func data(_ name: String, _ writer: HTTPResponseWriter) async throws {
        switch jobs.data(of: name) {
        case .noSuchStream: try await missing(writer)
        case .notWanted: try await writer.say(.serviceUnavailable, "the stream was begun without enable_data_output")
        case .full(let limit): try await writer.say(.serviceUnavailable, "\(limit) read this stream's data, the limit")
        case .lines(let lines):
            try await writer.begin(.ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while true {
                        try await Task.sleep(for: Self.quietTime)
                        try await writer.write(ByteBuffer(string: ":\n\n"))
                    }
                }
                for await line in lines {
                    var event = ByteBuffer(string: "data: ")
                    event.writeImmutableBuffer(line)
                    event.writeString("\n\n")
                    try await writer.write(event)
                }
                group.cancelAll()
            }
            try await end(writer)
        }
    }

    private func events(_ name: String, _ writer: HTTPResponseWriter) async throws {
        guard let status = jobs.job(name) else { return try await missing(writer) }
        try await LiveVideoEvents.watch(from: status, writer, StreamJobForms.report) { jobs.job(name) }
        try await end(writer)
    }

    private func end(_ writer: HTTPResponseWriter) async throws {
        try await writer.write(ByteBuffer(string: "event: end\ndata: {}\n\n"))
        try await writer.finish()
    }
}

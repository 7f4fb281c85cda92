import HTTPTypes
import NIOCore
import NIOHTTPTypes
import SluiceTypes
import SluiceWire
import Synchronization

extension TrickleEndpoint {
    private enum Outcome: Sendable {
        case ended
        /// The segment, or the channel, was closed under the publisher.
        case closed
        case tooLarge(limit: Int)
        case full
        case lost(any Error)
    }

    /// Whether the publisher has begun to send, and what keeps its connection alive until then.
    private final class FirstByte: Sendable {
        let interim: RepeatedTask?
        private let flag = Atomic<Bool>(false)

        init(interim: RepeatedTask?) { self.interim = interim }

        var hasCome: Bool { flag.load(ordering: .relaxed) }

        func come() {
            if !flag.exchange(true, ordering: .relaxed) { interim?.cancel() }
        }
    }

    /// `POST {channel}/{seq}`: each piece goes to the readers as it comes; the answer waits for the end of the body, or of the segment.
    func publish(_ name: String, _ index: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        let sequence: Int64?
        switch TrickleIndex(index) {
        case .number(let number): sequence = number
        case .next: sequence = nil
        case .newest, nil: return try await refuse(.badRequest, Self.badIndex, writer)
        }
        if case .unknown = table.find(name, for: .write), table.settings.autocreate {
            guard try await create(name, request.head.headerFields[.contentType], writer) else { return }
        }
        switch table.find(name, for: .write) {
        case .channel(let relay):
            let resets = !(request.head.headerFields[.trickleReset] ?? "").isEmpty
            switch relay.open(sequence, resets: resets) {
            case .segment(let segment): try await take(segment, on: relay, request, writer)
            case .finished(let sequence):
                try await writer.send(.ok, headers: [.trickleSequence: "\(sequence)", .connection: "close"])
            case .closed: try await refuse(.notFound, Self.noChannel, writer, closes: true)
            }
        case .forbidden: try await forbid(.write, writer)
        case .unknown, .closed: try await refuse(.notFound, Self.noChannel, writer, closes: true)
        }
    }

    private func take(
        _ segment: TrickleSegmentID, on relay: TrickleRelay, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter
    ) async throws {
        let (closing, close) = AsyncStream.makeStream(of: Void.self)
        let listener = relay.listen(to: segment, on: writer.channel?.eventLoop) {
            if relay.writing(of: segment) != .open { close.finish() }
        }
        defer { relay.forget(listener) }
        let first = FirstByte(interim: writer.channel.map { keepAlive($0) })
        defer { first.interim?.cancel() }
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            defer { group.cancelAll() }
            group.addTask(executorPreference: writer.channel.map { EventLoopTaskExecutor($0.eventLoop) }) {
                await read(request.body, into: segment, of: relay, first)
            }
            group.addTask {
                for await _ in closing {}
                return .closed
            }
            var outcome = try await group.next() ?? .closed
            if case .closed = outcome, first.hasCome, relay.writing(of: segment) == .segmentClosed {
                // One who is late is heard out (§4.6), and what it says passed over.
                outcome = try await group.next() ?? .closed
            }
            first.interim?.cancel()
            try await answer(outcome, segment, relay, writer)
        }
    }

    private func read(
        _ body: HTTPServerBody, into segment: TrickleSegmentID, of relay: TrickleRelay, _ first: FirstByte
    ) async -> Outcome {
        var late = 0
        do {
            for try await piece in body where piece.readableBytes > 0 {
                first.come()
                switch relay.append(piece, to: segment) {
                case .taken: break
                case .late:
                    late += piece.readableBytes
                    guard late <= table.settings.limits.mostSegmentBytes else {
                        return .tooLarge(limit: table.settings.limits.mostSegmentBytes)
                    }
                case .tooLarge(let limit): return .tooLarge(limit: limit)
                case nil: return .full
                }
            }
            return Task.isCancelled ? .lost(CancellationError()) : .ended
        } catch {
            return .lost(error)
        }
    }

    private func answer(
        _ outcome: Outcome, _ segment: TrickleSegmentID, _ relay: TrickleRelay, _ writer: HTTPResponseWriter
    ) async throws {
        var headers: HTTPFields = [.trickleSequence: "\(segment.sequence)"]
        switch outcome {
        case .ended:
            let hadBytes = relay.finish(segment)
            if !hadBytes { headers[.connection] = "close" }
            if relay.writing(of: segment) == .channelClosed { headers[.trickleClosed] = "terminated" }
            try await writer.send(.ok, headers: headers)
        case .closed:
            relay.abandon(segment)
            headers[.connection] = "close"
            if relay.writing(of: segment) == .channelClosed { headers[.trickleClosed] = "terminated" }
            try await writer.send(.ok, headers: headers)
        case .tooLarge(let limit):
            relay.abandon(segment)
            table.metrics.refused.increment()
            try await refuse(
                .contentTooLarge, "a segment may have \(limit) bytes; end it and go on with the next number", writer, headers: headers,
                closes: true)
        case .full:
            relay.abandon(segment)
            table.metrics.refused.increment()
            try await refuse(
                .tooManyRequests, "the server's channels hold \(table.settings.mostBytes) bytes, its limit; try again later", writer,
                headers: headers, closes: true)
        case .lost(let error):
            relay.abandon(segment)
            throw error
        }
    }

    private func keepAlive(_ channel: any Channel) -> RepeatedTask {
        let time = TimeAmount(interimTime)
        return channel.eventLoop.scheduleRepeatedTask(initialDelay: time, delay: time) { _ in
            channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
        }
    }
}

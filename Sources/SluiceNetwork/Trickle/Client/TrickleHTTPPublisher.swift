import HTTPTypes
package import NIOCore
package import SluiceTypes
import SluiceWire
import Synchronization

/// Writes a channel of a trickle server, ours or another's: the request for the next segment is open before the segment begins.
package final class TrickleHTTPPublisher: TricklePublisher {
    package struct Settings: Sendable {
        package var contentType = "video/MP2T"
        /// Ask the server for the channel first; one that makes none by itself needs none of it.
        package var creates = false
        /// For the answer to a segment that has been sent whole.
        package var answerTime: Duration = .seconds(10)

        package init() {}
    }

    private struct State {
        /// The number to write next; `nil` until the server has been asked.
        var next: Int64?
        /// Announced, for `next`.
        var announced: OpenExchange?
        var isClosed = false
    }

    private let url: TrickleURL
    private let settings: Settings
    private let exchanges: OpenExchanges
    private let state = Mutex(State())

    private init(_ url: TrickleURL, settings: Settings, _ exchanges: OpenExchanges) {
        self.url = url
        self.settings = settings
        self.exchanges = exchanges
    }

    /// Lends a publisher, whose connections end with `body`; the channel ends only by `close`.
    package static func writing<Result: Sendable>(
        _ url: TrickleURL, settings: Settings = .init(), group: any EventLoopGroup,
        _ body: (TrickleHTTPPublisher) async throws -> Result
    ) async throws -> Result {
        try await OpenExchanges.lending(to: url.authority, group: group) { exchanges in
            try await body(TrickleHTTPPublisher(url, settings: settings, exchanges))
        }
    }

    /// One caller at a time. The first segment says that the publisher's earlier life, if there was one, is over.
    package func open() async throws -> TrickleOutgoing {
        let isFirst = state.withLock { $0.next == nil }
        if isFirst { try await begin() }
        let (sequence, announced) = try take(resets: isFirst)
        let segment = Segment(sequence: sequence, exchange: announced, publisher: self)
        return TrickleOutgoing(sequence: sequence, write: segment.write, finish: segment.finish)
    }

    package func close() async throws {
        let announced = state.withLock { state in
            state.isClosed = true
            defer { state.announced = nil }
            return state.announced
        }
        let answer = try await exchange { try await exchanges.ask(url.request(.delete)) }
        announced?.release()
        // The reference says 400 to a channel that has gone already.
        guard [200, 400, 404].contains(answer.status.code) else {
            throw TrickleFailure.refused(status: answer.status.code, text: "")
        }
    }

    /// Finds out where to go on.
    private func begin() async throws {
        if settings.creates {
            let head = url.request(.post, headers: [.expectContent: settings.contentType, .contentLength: "0"])
            let answer = try await exchange { try await exchanges.ask(head) }
            guard answer.status == .ok else { throw Self.failure(answer) }
        }
        let answer = try await exchange { try await exchanges.ask(url.request(.get, "next")) }
        switch answer.status.code {
        case 200:
            guard let next = answer.headerFields.trickleLatest, (0...TrickleIndex.highest).contains(next) else {
                throw TrickleFailure.refused(status: 200, text: "without a number to go on with")
            }
            state.withLock { $0.next = next }
        // A server that makes channels makes it with the first segment.
        case 404: state.withLock { $0.next = 0 }
        default: throw Self.failure(answer)
        }
    }

    private func take(resets: Bool) throws -> (Int64, OpenExchange) {
        try state.withLock { state in
            guard !state.isClosed, let sequence = state.next, sequence < TrickleIndex.highest else { throw TrickleFailure.channelClosed }
            let exchange = state.announced ?? post(sequence, resets: resets)
            state.next = sequence + 1
            state.announced = post(sequence + 1)
            return (sequence, exchange)
        }
    }

    private func post(_ sequence: Int64, resets: Bool = false) -> OpenExchange {
        var headers: HTTPFields = [.contentType: settings.contentType]
        if resets { headers[.trickleReset] = "1" }
        return exchanges.start(url.request(.post, "\(sequence)", headers: headers), hasUpload: true)
    }

    private func exchange<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as HTTPClientError { throw TrickleFailure.unreachable("\(url): \(error)") }
    }

    private static func failure(_ answer: HTTPResponse) -> TrickleFailure {
        answer.status == .notFound ? .noSuchChannel : .refused(status: answer.status.code, text: "")
    }

    /// One segment on its way.
    private final class Segment: Sendable {
        private struct State {
            var exchange: OpenExchange
            var upload: HTTPClientUpload?
            /// Before its first byte a segment can be announced again, on another connection.
            var isRetried = false
        }

        private let sequence: Int64
        private let publisher: TrickleHTTPPublisher
        private let state: Mutex<State>

        init(sequence: Int64, exchange: OpenExchange, publisher: TrickleHTTPPublisher) {
            self.sequence = sequence
            self.publisher = publisher
            state = Mutex(State(exchange: exchange))
        }

        func write(_ bytes: ByteBuffer) async throws {
            do { try await upload().write(bytes) } catch let error where !(error is CancellationError) {
                throw await reason(error)
            }
        }

        func finish() async throws {
            _ = try await upload()
            let exchange = state.withLock { $0.exchange }
            exchange.endUpload()
            defer { exchange.release() }
            let answer: OpenExchange.Answer?
            do { answer = try await exchange.answered(within: TimeAmount(publisher.settings.answerTime)) } catch {
                try Task.checkCancellation()
                throw TrickleFailure.unreachable("\(publisher.url): segment \(sequence): \(error)")
            }
            guard let answer else { throw TrickleFailure.unreachable("\(publisher.url): no answer to segment \(sequence)") }
            try await check(answer)
        }

        private func check(_ answer: OpenExchange.Answer) async throws {
            if answer.head.headerFields.isTrickleClosed { throw TrickleFailure.channelClosed }
            switch answer.head.status.code {
            case 200: return
            case 404: throw TrickleFailure.noSuchChannel
            default: throw await TrickleFailure.refused(answer)
            }
        }

        private func upload() async throws -> HTTPClientUpload {
            let (exchange, upload) = state.withLock { ($0.exchange, $0.upload) }
            if let upload { return upload }
            do {
                let upload = try await exchange.openUpload()
                state.withLock { $0.upload = upload }
                return upload
            } catch {
                try Task.checkCancellation()
                guard retry() else { throw TrickleFailure.unreachable("\(publisher.url): segment \(sequence): \(error)") }
                return try await self.upload()
            }
        }

        private func retry() -> Bool {
            state.withLock { state in
                guard !state.isRetried else { return false }
                state.isRetried = true
                state.exchange = publisher.post(sequence)
                return true
            }
        }

        /// Why a piece could not be written: the server's own words if it had any.
        private func reason(_ error: any Error) async -> any Error {
            if error is TrickleFailure { return error }
            let exchange = state.withLock { $0.exchange }
            do {
                guard let answer = try await exchange.answered(within: .seconds(1)) else { return error }
                try await check(answer)
                return TrickleFailure.cut("the server ended segment \(sequence) before its end")
            } catch let failure as TrickleFailure {
                return failure
            } catch {
                return TrickleFailure.unreachable("\(publisher.url): segment \(sequence): \(error)")
            }
        }
    }
}

import HTTPTypes
import NIOCore

/// One exchange that goes on beside who began it: its upload, its answer, and the rest of its body are taken up one after another.
final class OpenExchange: Sendable {
    typealias Answer = (head: HTTPResponse, body: HTTPClientBody)

    /// Given up by who began it.
    private struct Released: Error {}

    private let head: HTTPRequest
    private let hasUpload: Bool
    private let upload: EventLoopPromise<HTTPClientUpload>
    private let uploaded: EventLoopPromise<Void>
    private let answer: EventLoopPromise<Answer>
    private let released: EventLoopPromise<Void>

    init(_ head: HTTPRequest, hasUpload: Bool, on loop: any EventLoop) {
        self.head = head
        self.hasUpload = hasUpload
        upload = loop.makePromise()
        uploaded = loop.makePromise()
        answer = loop.makePromise()
        released = loop.makePromise()
    }

    /// Runs until the exchange is released, or fails.
    func run(on connection: HTTPClientConnection) async {
        await withTaskCancellationHandler {
            await untilReleased(on: connection)
        } onCancel: {
            release()
        }
    }

    private func untilReleased(on connection: HTTPClientConnection) async {
        let result = await withTaskGroup(of: Result<Void, any Error>.self) { group in
            group.addTask {
                do {
                    try await self.exchange(on: connection)
                    return .success(())
                } catch { return .failure(error) }
            }
            group.addTask {
                try? await self.released.futureResult.get()
                return .failure(Released())
            }
            let first = await group.next() ?? .failure(Released())
            end(first)
            group.cancelAll()
            return first
        }
        end(result)
    }

    private func exchange(on connection: HTTPClientConnection) async throws {
        let use: @Sendable (HTTPResponse, HTTPClientBody) async throws -> Void = { head, body in
            self.answer.succeed((head, body))
            try await self.released.futureResult.get()
        }
        if hasUpload {
            try await connection.exchange(
                head,
                upload: { upload in
                    self.upload.succeed(upload)
                    try await self.uploaded.futureResult.get()
                }, use)
        } else {
            try await connection.exchange(head, use)
        }
    }

    /// Whoever still waits hears of it; what is settled stays.
    private func end(_ result: Result<Void, any Error>) {
        let error: any Error = if case .failure(let error) = result { error } else { Released() }
        upload.fail(error)
        uploaded.fail(error)
        answer.fail(error)
        released.succeed(())
    }

    /// - Returns: once the request's head has gone out.
    func openUpload() async throws -> HTTPClientUpload { try await value(of: upload) }

    func endUpload() { uploaded.succeed(()) }

    /// - Returns: `nil` when there is none yet after this time; then the exchange is released.
    func answered(within time: TimeAmount) async throws -> Answer? {
        let loop = answer.futureResult.eventLoop
        let late = loop.scheduleTask(in: time) { self.answer.fail(TooLate()) }
        defer { late.cancel() }
        do { return try await value(of: answer) } catch is TooLate {
            release()
            return nil
        }
    }

    /// Cancelling who waits ends the exchange.
    private func value<Value: Sendable>(of promise: EventLoopPromise<Value>) async throws -> Value {
        try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            release()
        }
    }

    private struct TooLate: Error {}

    /// Nobody will run it.
    func abandon() { end(.failure(Released())) }

    /// Ends it; what was not read of its answer is given up.
    func release() { released.succeed(()) }
}

/// Runs exchanges, each in a task of its own, until it is told to end.
final class OpenExchanges: Sendable {
    private let connection: HTTPClientConnection
    private let loop: any EventLoop
    private let begun: AsyncStream<OpenExchange>
    private let begin: AsyncStream<OpenExchange>.Continuation

    private init(on connection: HTTPClientConnection, loop: any EventLoop) {
        self.connection = connection
        self.loop = loop
        (begun, begin) = AsyncStream.makeStream(of: OpenExchange.self)
    }

    /// Lends exchanges with one server, which end with `body`.
    static func lending<Result: Sendable>(
        to authority: HTTPAuthority, group: any EventLoopGroup, _ body: (OpenExchanges) async throws -> Result
    ) async throws -> Result {
        let exchanges = OpenExchanges(on: try HTTPClientConnection(authority: authority, group: group), loop: group.any())
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exchanges.run() }
            defer { group.cancelAll() }
            return try await body(exchanges)
        }
    }

    /// Cancelling it ends all that are open.
    private func run() async {
        await withDiscardingTaskGroup { group in
            for await exchange in begun {
                group.addTask { await exchange.run(on: self.connection) }
            }
            group.cancelAll()
        }
        begin.finish()
        await connection.close()
    }

    func start(_ head: HTTPRequest, hasUpload: Bool = false) -> OpenExchange {
        let exchange = OpenExchange(head, hasUpload: hasUpload, on: loop)
        if case .terminated = begin.yield(exchange) { exchange.abandon() }
        return exchange
    }

    func ask(_ head: HTTPRequest) async throws -> HTTPResponse {
        try await connection.exchange(head) { response, _ in response }
    }
}

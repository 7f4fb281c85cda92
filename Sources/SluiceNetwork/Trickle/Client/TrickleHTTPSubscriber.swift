import HTTPTypes
package import NIOCore
package import SluiceTypes
package import SluiceWire
import Synchronization

/// Reads a channel of a trickle server, ours or another's: the next segment is asked for as soon as the one before it begins.
package final class TrickleHTTPSubscriber: TrickleSubscriber {
    package struct Settings: Sendable {
        package var start = TrickleIndex.newest
        /// A request that hangs is made again after this, as the reference's client does: a dead peer is found out by it.
        package var refreshTime: Duration = .seconds(20)

        package init() {}
    }

    private struct State {
        var subscription: TrickleSubscription
        var asked: OpenExchange?
        var current: OpenExchange?
    }

    private let url: TrickleURL
    private let settings: Settings
    private let exchanges: OpenExchanges
    private let state: Mutex<State>

    private init(_ url: TrickleURL, settings: Settings, _ exchanges: OpenExchanges) {
        self.url = url
        self.settings = settings
        self.exchanges = exchanges
        state = Mutex(State(subscription: TrickleSubscription(from: settings.start)))
    }

    /// Lends a subscriber, whose connections end with `body`.
    package static func reading<Result: Sendable>(
        _ url: TrickleURL, settings: Settings = .init(), group: any EventLoopGroup,
        _ body: (TrickleHTTPSubscriber) async throws -> Result
    ) async throws -> Result {
        try await OpenExchanges.lending(to: url.authority, group: group) { exchanges in
            try await body(TrickleHTTPSubscriber(url, settings: settings, exchanges))
        }
    }

    /// One caller at a time.
    package func next() async throws -> TrickleIncoming? {
        state.withLock { state in
            defer { state.current = nil }
            return state.current
        }?.release()
        while true {
            try Task.checkCancellation()
            let exchange = asked()
            let step: TrickleSubscription.Step
            var answer: OpenExchange.Answer?
            do {
                answer = try await exchange.answered(within: TimeAmount(settings.refreshTime))
                guard let head = answer?.head else { continue }
                step = state.withLock {
                    $0.subscription.answered(
                        status: head.status.code, sequence: head.headerFields.trickleSequence,
                        latest: head.headerFields.trickleLatest, isClosed: head.headerFields.isTrickleClosed)
                }
            } catch {
                try Task.checkCancellation()
                step = state.withLock { $0.subscription.failed() }
                if step == .fail { throw TrickleFailure.unreachable("\(url): \(error)") }
            }
            if case .take(let sequence, let skipped) = step, let answer {
                state.withLock { state in
                    state.current = exchange
                    state.asked = exchanges.start(url.request(.get, state.subscription.wanted.text))
                }
                return incoming(answer, from: exchange, sequence: sequence, skipped: skipped)
            }
            switch step {
            case .end:
                exchange.release()
                return nil
            case .ask(let pause):
                exchange.release()
                if pause > .zero { try await Task.sleep(for: pause) }
            case .fail, .take:
                defer { exchange.release() }
                throw await failure(answer)
            }
        }
    }

    /// The exchange that is open for what is wanted now, or a new one.
    private func asked() -> OpenExchange {
        state.withLock { state in
            defer { state.asked = nil }
            return state.asked ?? exchanges.start(url.request(.get, state.subscription.wanted.text))
        }
    }

    private func incoming(
        _ answer: OpenExchange.Answer, from exchange: OpenExchange, sequence: Int64, skipped: Int64
    ) -> TrickleIncoming {
        let url = url
        return TrickleIncoming(
            sequence: sequence, contentType: answer.head.headerFields[.contentType] ?? "", skipped: skipped
        ) {
            do {
                if let piece = try await answer.body.next() { return piece }
            } catch let error where !(error is CancellationError) {
                exchange.release()
                throw TrickleFailure.cut("the connection to \(url.authority) broke")
            }
            let cut = answer.body.trailers?[.trickleCut]
            exchange.release()
            if let cut { throw TrickleFailure.cut(cut) }
            return nil
        }
    }

    private func failure(_ answer: OpenExchange.Answer?) async -> TrickleFailure {
        guard let answer else { return .unreachable("\(url) does not answer") }
        if answer.head.status == .notFound { return .noSuchChannel }
        return await .refused(answer)
    }
}

extension TrickleFailure {
    /// A refusal is a line.
    private static let longestText = 1024
    /// Nobody waits longer for what a server has to say about its refusal.
    private static let textTime: Duration = .seconds(2)

    static func refused(_ answer: OpenExchange.Answer) async -> TrickleFailure {
        let body = try? await within(textTime, of: "the text of a refusal") { try await answer.body.collect(upTo: longestText) }
        let text = body.map { String(buffer: $0) } ?? ""
        return .refused(status: answer.head.status.code, text: text.split(separator: "\n").first.map(String.init) ?? "")
    }
}

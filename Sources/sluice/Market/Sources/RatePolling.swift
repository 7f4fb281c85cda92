import Foundation
import Logging
import NIOCore
import SluiceMarket
import SluiceNetwork
import Synchronization

/// Asks a rate source now and then, until it is cancelled.
struct RatePolling: Sendable {
    /// As often as keeps a rate well below the age at which it is used no more.
    private static let pause: Duration = .seconds(600)
    /// As the reference tries its price feed again (specs/gateway-surface §13).
    private static let retry: Duration = .seconds(30)
    /// There are two hundred currencies.
    private static let largestAnswer = 1 << 20

    let source: WebAddress
    let group: any EventLoopGroup
    let logger: Logger

    func run(_ take: (RateAnswer) -> Void) async {
        while !Task.isCancelled {
            var pause = Self.pause
            do { take(try RateAnswer(try await Lookup(group: group).get(source, limit: Self.largestAnswer))) } catch {
                logger.warning("rate source", metadata: ["reason": "\(source): \(error)"])
                pause = Self.retry
            }
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }
}

/// `{"asOf": Unix seconds, "rates": {"USD": wei for one}}`.
struct RateAnswer: Sendable {
    var asOf: Int64
    var rates: [(currency: Currency, wei: Double)]

    init(_ body: Data) throws {
        guard let object = (try? JSONSerialization.jsonObject(with: body)) as? [String: Any], let asOf = object["asOf"] as? NSNumber,
            asOf.int64Value >= 0, let told = object["rates"] as? [String: Any]
        else { throw Lookup.Refused(description: "{\"asOf\": 1700000000, \"rates\": {\"USD\": 3.1e14}} is right") }
        self.asOf = asOf.int64Value
        rates = []
        for (code, value) in told.prefix(RateBook.most) {
            guard let currency = Currency(code), currency.fixedWei == nil, let wei = (value as? NSNumber)?.doubleValue, wei.isFinite,
                wei > 0
            else { throw Lookup.Refused(description: "the rate of '\(code)' is \(value); wei for one, above 0, is right") }
            rates.append((currency, wei))
        }
    }
}

extension Market {
    /// A rate from the future counts as of now.
    func take(_ answer: RateAnswer, from source: String) {
        let asOf = min(answer.asOf, Self.now)
        state.withLock { state in
            for (currency, wei) in answer.rates {
                if let rate = ExchangeRate(weiPerUnit: wei, source: source, asOf: asOf) { state.rates.set(rate, for: currency) }
            }
        }
    }
}

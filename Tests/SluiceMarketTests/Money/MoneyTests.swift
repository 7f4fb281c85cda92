import SluiceTypes
import Testing

@testable import SluiceMarket

@Suite struct MoneyTests {
    @Test(arguments: [
        ("12", 12, Currency.wei), ("0.50USD", 0.5, .other("USD")), ("3 gwei", 3, .gwei), ("1e-9ETH", 1e-9, .eth), ("2eth", 2, .eth),
        ("1_000wei", 1000, .wei),
    ])
    func readsAmountsWithTheirCurrency(text: String, amount: Double, currency: Currency) throws {
        let money = try Money(text: text)
        #expect(money.amount == amount && money.currency == currency)
    }

    @Test(arguments: ["", "-1", "1e99", "nan", "inf", "0x10", "USD", "1 U$D", "5toolongcurrency", "1e400", "1.2.3wei"])
    func refusesWhatIsNoPrice(text: String) {
        #expect(throws: Money.Malformed(text: text)) { try Money(text: text) }
    }

    @Test func aRateHasToBeKnownAndFresh() throws {
        var rates = RateBook(longestAge: 100)
        let usd = Currency.other("USD")
        let dollar = try Money(text: "2USD")
        #expect(throws: RateBook.Problem.unknown(usd, known: ["wei", "gwei", "ETH"])) { try rates.wei(in: dollar, at: 1000) }
        rates.set(try #require(ExchangeRate(weiPerUnit: 3e14, source: "feed", asOf: 900)), for: usd)
        #expect(try rates.wei(in: dollar, at: 1000).wei == 6e14)
        #expect(throws: RateBook.Problem.old(usd, source: "feed", age: 101, limit: 100)) { try rates.wei(in: dollar, at: 1001) }
        // An older one does not take the place of a newer one.
        #expect(!rates.set(try #require(ExchangeRate(weiPerUnit: 1, source: "feed", asOf: 800)), for: usd))
        #expect(ExchangeRate(weiPerUnit: -1, source: "feed", asOf: 1) == nil)
        #expect(ExchangeRate(weiPerUnit: 0, source: "feed", asOf: 1) == nil)
    }

    @Test func sumsOfFeesAreExact() throws {
        let third = try #require(Price(pricePerUnit: 1, pixelsPerUnit: 3))
        let seventh = try #require(Price(pricePerUnit: 2, pixelsPerUnit: 7))
        var sum = WeiSum()
        for _ in 0..<300 { sum += WeiSum(units: 1, at: third) }
        for _ in 0..<7 { sum += WeiSum(units: 1, at: seventh) }
        #expect(sum.description == "102")
        sum += WeiSum(units: 1, at: third)
        sum += WeiSum(units: 1, at: seventh)
        #expect(sum.description == "102+1/3+2/7")
        #expect(WeiSum(sum.description) == sum)
        sum -= WeiSum(units: 307, at: third)
        #expect(WeiSum(sum.description)?.approximate == sum.approximate)
        // The largest segment at the dearest price does not wrap.
        let dearest = try #require(Price(pricePerUnit: .max, pixelsPerUnit: 1))
        #expect(WeiSum(units: .max, at: dearest).approximate > 8e37)
    }
}

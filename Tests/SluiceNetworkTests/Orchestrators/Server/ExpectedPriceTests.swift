import HTTPTypes
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// What a payer says of the price is compared with what it was quoted, and never believed (specs/payments §10).
@Suite struct ExpectedPriceTests {
    private static let asked = Price(pricePerUnit: 3, pixelsPerUnit: 2)

    private func door(_ price: Price? = asked) throws -> OrchestratorDoor {
        try OrchestratorDoor(ScriptedService(), asks: AskedPrices { _ in price })
    }

    @Test(arguments: [(Int64(3), Int64(2)), (6, 4), (0, 0)]) func whatWasQuotedIsTaken(wei: Int64, units: Int64) async throws {
        let door = try door()
        let answer = try await door.segment(try await door.token(), naming: (wei, units))
        #expect(answer.head?.status == .ok)
    }

    @Test func aClaimOfItsOwnIsRefusedBeforeAnyWork() async throws {
        let service = ScriptedService()
        let door = try OrchestratorDoor(service, asks: AskedPrices { _ in Self.asked })
        for (wei, units) in [(Int64(0), Int64(1)), (1, 1), (3, 3), (1_000_000, 1)] {
            let answer = try await door.segment(try await door.token(), naming: (wei, units))
            #expect(answer.head?.status.code == 402)
            let words = units == 1 ? "a unit" : "\(units) units"
            #expect(
                String(buffer: answer.body)
                    == "the payment names \(wei) wei for \(words), but this session was quoted 3 wei for 2 units\n")
        }
        #expect(service.jobs == 0)
    }

    @Test(arguments: [(Int64(-5), Int64(1)), (5, 0), (5, -1)]) func aPriceThatIsNoneIsSaid(wei: Int64, units: Int64) async throws {
        let door = try door()
        let answer = try await door.segment(try await door.token(), naming: (wei, units))
        #expect(answer.head?.status.code == 402)
        #expect(String(buffer: answer.body) == "the payment names a price of \(wei) wei for \(units) units, which is none\n")
    }

    /// Where nothing is asked, a payment of nothing is right, and one of something is not.
    @Test func offTheChainNothingIsExpected() async throws {
        let door = try door(nil)
        #expect(try await door.segment(try await door.token(), naming: (0, 1)).head?.status == .ok)
        #expect(try await door.segment(try await door.token(), naming: (5, 1)).head?.status.code == 402)
        #expect(try await door.segment(try await door.token()).head?.status == .ok)
    }

    @Test func whatIsSoldIsToldToWhoAsksAndNotWithResults() async throws {
        let terms = MarketTerms(region: "eu", encoderSlots: 5, sessions: 10, sessionsInUse: 3, minimumVersion: "0.1.0")
        let door = try OrchestratorDoor(ScriptedService(), market: terms)
        let answer = try await door.call("GetOrchestrator", Net_OrchestratorRequest())
        let message = try GRPCFrame.decode(Net_OrchestratorInfo.self, from: answer.body)
        #expect(MarketTerms(message.market) == terms)
        let identity = door.endpoint.calls.identity
        #expect(!identity.message(token: message.authToken).hasMarket)
    }
}

import SluiceRouting
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct AskTests {
    private func answer(_ model: OrchestratorModel, askedAt: Double = 1) -> (entry: OrchestratorEntry?, roundTrip: Double)? {
        var bench = WorldBench([model])
        bench.run(to: askedAt)
        bench.world.ask(0, from: 0)
        let heard = bench.run { if case .answered = $0 { true } else { false } }
        guard case .answered(_, _, let entry, let roundTrip)? = heard else { return nil }
        return (entry, roundTrip)
    }

    @Test func theAnswerTakesARoundTripAndSaysWhatThereIs() throws {
        var model = WorldBench.plain(price: 0.5)
        model.operatorName = "ann"
        model.region = "eu"
        model.gpu = "NVIDIA L4"
        let heard = try #require(answer(model))
        #expect(isClose(heard.roundTrip, 0.02))
        let entry = try #require(heard.entry)
        #expect(entry.id == OrchestratorID("a"))
        #expect(entry.price?.weiPerPixel == 0.5)
        #expect(entry.operatorName == "ann")
        #expect(entry.region == "eu")
        #expect(entry.gpu?.model == "NVIDIA L4")
        #expect(entry.roundTrip == heard.roundTrip)
    }

    @Test func withoutAPriceNothingIsAsked() throws {
        #expect(try #require(answer(WorldBench.plain())?.entry).price == nil)
    }

    @Test func aPriceThatChangedIsTold() throws {
        let model = WorldBench.plain(faults: [FaultModel(.price(factor: 4), at: 0.5)], price: 0.5)
        #expect(try #require(answer(model)?.entry).price?.weiPerPixel == 2)
    }

    @Test(arguments: [(FaultModel.Kind.crash, 0.02), (.capped, 0.02), (.stall, 8.0)])
    func oneThatIsDownFullOrStalledDoesNotAnswer(kind: FaultModel.Kind, after: Double) throws {
        let heard = try #require(answer(WorldBench.plain(faults: [FaultModel(kind, at: 0)])))
        #expect(heard.entry == nil)
        #expect(isClose(heard.roundTrip, after))
    }

    @Test func aShortStallOnlyDelaysTheAnswer() throws {
        let heard = try #require(answer(WorldBench.plain(faults: [FaultModel(.stall, at: 0.5, lasts: 3)])))
        #expect(heard.entry != nil)
        #expect(isClose(heard.roundTrip, 2.52))
    }

    @Test func aCrashAfterTheQuestionLeavesItUnanswered() throws {
        let heard = try #require(answer(WorldBench.plain(faults: [FaultModel(.crash, at: 1.01, lasts: 0.001)])))
        #expect(heard.entry == nil)
    }

    @Test func oneWhoseSessionsAreTakenIsFullEvenForTheirOwner() {
        var bench = WorldBench([WorldBench.plain(service: WorldBench.quiet(sessions: 1))])
        bench.runToCut(sequence: 0)
        _ = bench.send(sequence: 0)
        bench.runToCut(sequence: 1)
        bench.world.ask(0, from: 0)
        let heard = bench.run { if case .answered = $0 { true } else { false } }
        guard case .answered(_, _, let entry, _)? = heard else {
            Issue.record("no answer")
            return
        }
        #expect(entry == nil)
    }
}

import Foundation
import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

@Suite struct ServiceLevelChangeTests {
    private func change(_ json: String) throws -> ServiceLevelChange { try ServiceLevelChange(json: Data(json.utf8)) }

    private func complaint(_ json: String) -> String {
        do { _ = try change(json) } catch { return "\(error)" }
        return "no error"
    }

    @Test func whatIsNotNamedStaysAsItIs() throws {
        let base = ServiceLevel(latency: .share(0.4), region: "eu", maxPrice: 70)
        let level = try change(#"{"maxPricePerPixelWei": 900, "continuity": {"segments": 7}, "gpuClasses": ["cpu", "own"]}"#)
            .applied(to: base)
        #expect(level.latency == .share(0.4) && level.region == "eu" && level.maxPrice == 900 && level.continuity.segments == 7)
        #expect(level.allowedClasses == [.cpu, GPUClass("own")])
    }

    @Test func openEndsAreNamedByNothing() throws {
        let base = ServiceLevel(allowedClasses: [.cpu], region: "eu", maxPrice: 70)
        let level = try change(#"{"maxPricePerPixelWei": -1, "region": null, "gpuClasses": []}"#).applied(to: base)
        #expect(level.maxPrice == nil && level.region == nil && level.allowedClasses == nil)
    }

    @Test func whatIsShownMayComeBack() throws {
        let level = ServiceLevel(latency: .seconds(0.8), allowedClasses: [.consumer], maxPrice: 3, onMiss: .lower)
        let check = SegmentRouter(seed: 1).check(level, for: nil)
        let shown = try JSONEncoder().encode(ServiceLevelAnswer(level, check))
        #expect(try ServiceLevelChange(json: shown).applied(to: ServiceLevel()) == level)
        let read = try JSONDecoder().decode(ServiceLevelAnswer.self, from: shown)
        #expect(!read.check.isMet && read.check.words == check.description && read.level.latency == "800ms")
    }

    @Test(arguments: [
        ("[]", "no JSON object"), ("{nope", "no JSON object"), (#"{"latencey": "50%"}"#, "did you mean 'latency'?"),
        (#"{"latency": "4%"}"#, "from 5% to 1000%"), (#"{"maxPricePerPixelWei": 1e30}"#, "maxPricePerPixelWei"),
        (#"{"maxPricePerPixelWei": "much"}"#, "a number from 0"), (#"{"continuity": {"segments": 0}}"#, "from 1 to 100"),
        (#"{"gpuClasses": [1]}"#, "neither text"), (#"{"onMiss": "cry"}"#, "gap, source, lower, wait"),
    ]) func whatIsImpossibleIsNamed(json: String, part: String) {
        let text = complaint(json)
        #expect(text.contains(part), "\(text)")
    }
}

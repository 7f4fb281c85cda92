import Foundation
import SluiceGateway
import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

@Suite struct CapabilitiesTests {
    private func runner(
        _ name: String, at orchestrator: String, app: String, version: String = "", gpu: String = "", price: Double? = nil, free: Int
    ) -> RemoteRunner {
        RemoteRunner(
            path: "/apps/\(name)/app", orchestrator: OrchestratorID(orchestrator), app: app, version: version, mode: .singleShot,
            gpu: gpu.isEmpty ? nil : RunnerGPU(id: "0", name: gpu), price: price.map { RunnerPrice(amount: $0, unit: .hour) }, capacity: 2,
            available: free)
    }

    @Test func whatCanBeAskedForIsSummedUpByApp() throws {
        let stage = AppStage(seed: 1)
        let one = runner("a", at: "https://one:1", app: "text-to-image/sdxl", version: "2", gpu: "NVIDIA L4", price: 0.5, free: 2)
        let two = runner("b", at: "https://two:1", app: "text-to-image/sdxl", version: "1", price: 2, free: 0)
        let echo = runner("c", at: "https://two:1", app: "demo/echo", free: 1)
        stage.update([one], of: one.orchestrator)
        stage.update([two, echo], of: two.orchestrator)
        stage.began(one.id)
        stage.ended(one.id, .answered(seconds: 0.2))
        let report = CapabilitiesReport(stage.runners, measures: stage.measures, fleet: [], classes: GPUClassTable())
        #expect(report.apps.map(\.name) == ["demo/echo", "text-to-image/sdxl"])
        let work = try #require(report.apps.last)
        #expect(work.versions == ["1", "2"] && work.gpus == ["NVIDIA L4"] && work.gpuClasses.count == 1)
        #expect(work.orchestrators == 2 && work.capacity == 4 && work.warm == 1 && work.modes == ["single-shot"])
        #expect(work.price.map(\.least) == [0.5] && work.price.map(\.most) == [2] && work.price.map(\.unit) == ["USD per hour"])
        let latency = try #require(work.latency)
        #expect((150...300).contains(latency.medianMs) && latency.p90Ms >= latency.medianMs)
        #expect(report.apps.first?.latency == nil && report.batch.keys.sorted() == ["text-to-image"])
        #expect(report.batch["text-to-image"]?.map(\.name) == ["sdxl"])
        #expect(report.liveVideo.isEmpty && report.transcoding.orchestrators == 0)
    }

    @Test func theTagIsThatOfWhatIsThere() {
        let none = CapabilitiesReport([], measures: [:], fleet: [], classes: GPUClassTable())
        let some = CapabilitiesReport(
            [runner("a", at: "https://one:1", app: "x", free: 1)], measures: [:], fleet: [], classes: GPUClassTable())
        #expect(EntityTag(of: none) == EntityTag(of: none) && EntityTag(of: none) != EntityTag(of: some))
    }
}

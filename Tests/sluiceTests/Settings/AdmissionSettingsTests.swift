import SluiceGateway
import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

/// The settings that say who may publish, whose streams are whose, and who works on them.
@Suite struct AdmissionSettingsTests {
    private func gateway(_ file: String) throws -> GatewayFileSettings {
        try withSettingsFile(file) { path in
            var reader = try SettingsReader(file: path, flags: [:], environment: [:])
            let settings = try GatewayFileSettings(&reader)
            try reader.finish()
            return settings
        }
    }

    private func complaint(_ file: String) -> String {
        do { _ = try gateway(file) } catch { return "\(error)" }
        return "no error"
    }

    @Test func tenantsHaveWhatTheNodeHasAndTheirOwn() throws {
        let file = """
            sla: {region: eu}
            tenants:
              acme:
                streams: [acme-, ac-]
                keys: [k1]
                sla: {latency: 50%, gpuClasses: [cpu], continuity: {segments: 9}}
              other: {streams: o-}
            """
        let settings = try gateway(file)
        #expect(settings.tenants.map(\.name) == ["acme", "other"])
        #expect(settings.tenants[0].prefixes == ["acme-", "ac-"] && settings.tenants[0].keys == ["k1"])
        let level = try settings.tenants[0].serviceLevel.applied(to: settings.role.routing.serviceLevel)
        #expect(level.latency == .share(0.5) && level.region == "eu" && level.allowedClasses == [.cpu] && level.continuity.segments == 9)
        #expect(settings.tenants[1].serviceLevel == .none)
    }

    @Test(arguments: [
        ("tenants:\n  a:\n    sla:\n      latency: 1%\n", "tenants.a.sla.latency = '1%'"),
        ("tenants:\n  a:\n    sla:\n      latency: 1%\n", "line 4"),
        ("tenants:\n  a:\n    sla:\n      maxPricePerPixelWei: -5\n", "tenants.a.sla.maxPricePerPixelWei = '-5'"),
        ("tenants:\n  a:\n    stream: [x]\n", "did you mean 'tenants.a.streams'?"),
        ("sla:\n  maxPricePerPixelWei: 1e19\n", "from 0.0 to 1e+18"),
        ("authWebhook: auth.example.com\n", "authWebhook = 'auth.example.com'"), ("authWebhookTimeoutMs: 5\n", "from 100 to 60000"),
        ("record: trace.json\n", "ends in .jsonl or .trace"), ("decisionLogStart: maybe\n", "one of on, off"),
        ("orchestrators:\n  - {address: a, color: red}\n", "unknown key 'color'"), ("orchestrators:\n  - {gpu: L4}\n", "address"),
        ("orchestrators: [\"ftp://x/y\"]\n", "is no orchestrator"),
    ]) func whatIsWrongIsNamed(file: String, part: String) {
        let text = complaint(file)
        #expect(text.contains(part), "\(text)")
    }

    @Test func orchestratorsMayBeDescribed() throws {
        let file = "orchestrators:\n  - plain:8935\n  - {address: \"o:8935\", gpu: NVIDIA L4, region: eu, operator: us}\n"
        let settings = try gateway(file)
        #expect(settings.orchestrators == ["plain:8935", "o:8935"] && !settings.embedsOrchestrator)
        struct Directory: OrchestratorDirectory {
            var entries: [OrchestratorEntry]
        }
        func told(_ name: String, gpu: String? = nil) -> OrchestratorEntry {
            OrchestratorEntry(
                id: OrchestratorID("https://\(name):8935"), capabilities: CapabilitySet(),
                gpu: gpu.map { GPU(vendor: "", model: $0, gpuClass: GPUClass("unlisted")) }, gpuSource: .declared)
        }
        let directory = DescribedDirectory(
            Directory(entries: [told("plain", gpu: "NVIDIA H100"), told("o", gpu: "NVIDIA H100"), told("odd", gpu: "Voodoo")]),
            classes: settings.gpuClasses, roster: try OrchestratorRoster(settings.listed, embedded: false))
        let entries = directory.entries
        #expect(entries.map { $0.gpu?.gpuClass } == [.datacenterCompute, .datacenterEncode, nil])
        #expect(entries.map(\.gpuSource)[..<2] == [.declared, .configured])
        #expect(entries[1].region == "eu" && entries[1].operatorName == "us" && entries[0].region == nil)
    }

    @Test func recordingAndLogAreBounded() throws {
        let settings = try gateway(
            "record: x.jsonl\nrecordMegabytes: 2\ndecisionLog: d.jsonl\ndecisionLogMegabytes: 3\ndecisionLogStart: off\n")
        #expect(settings.record.trace == "x.jsonl" && settings.record.largestTrace == 2 << 20)
        #expect(settings.record.decisionLog == "d.jsonl" && settings.record.largestDecisionLog == 3 << 20)
        #expect(settings.record.decisionLogStart == .off)
    }
}

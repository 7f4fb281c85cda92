import NIOPosix
import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes

/// Each orchestrator of the list, asked over the network.
struct OrchestratorChecks: Sendable {
    private static let subject = "orchestrators"
    /// Of a long list not all at the same time: they would wait for one another and look far.
    private static let atOnce = 8
    /// Seconds there and back.
    private static let far = 0.15

    let settings: GatewayFileSettings

    var findings: [Finding] {
        get async {
            guard !settings.embedsOrchestrator else { return [.good(Self.subject, "the embedded one")] }
            let addresses = settings.orchestrators
            return await withTaskGroup(of: (Int, Finding).self) { group in
                var findings = [Finding?](repeating: nil, count: addresses.count)
                for (index, address) in addresses.enumerated() {
                    if index >= Self.atOnce, let (place, finding) = await group.next() { findings[place] = finding }
                    group.addTask { (index, await look(at: address)) }
                }
                for await (place, finding) in group { findings[place] = finding }
                return findings.compactMap(\.self)
            }
        }
    }

    private func look(at address: String) async -> Finding {
        do {
            let seen = try await OrchestratorExamination.of(address, group: MultiThreadedEventLoopGroup.singleton)
            let entry = seen.entry
            let known = Capability.allCases.filter { entry.capabilities.contains($0) }
            var words = "\(address): \(Self.milliseconds(seen.roundTrip)) there and back (first call \(Self.milliseconds(seen.firstCall)))"
            words += ", version \(entry.version.isEmpty ? "not told" : entry.version)"
            words += ", " + (entry.price.map { "\($0.weiPerPixel) wei per pixel" } ?? "no price asked")
            words += ", GPU \(entry.gpu?.model ?? "not told")"
            words += ", " + (known.count == Capability.allCases.count ? "every capability" : known.map { "\($0)" }.joined(separator: " "))
            if entry.takesStreamedSegments { words += ", takes segments while they are cut" }
            let needed = CapabilitySet([.h264, .mpegTS]).subtracting(entry.capabilities)
            if !needed.isEmpty {
                let names = needed.compactMap { Capability(rawValue: $0).map { "\($0)" } }.joined(separator: ", ")
                return .fault(
                    Self.subject, "\(words): it lacks \(names)", "it gets no work from here; take it from the list, or ask its operator")
            }
            if let ceiling = settings.role.routing.serviceLevel.maxPrice, let price = entry.price, price.weiPerPixel > ceiling {
                return .warning(Self.subject, "\(words): dearer than sla.maxPricePerPixelWei (\(ceiling))", "raise it, or do without")
            }
            if seen.roundTrip > Self.far {
                return .warning(Self.subject, "\(words): far away", "an orchestrator nearer by: each segment goes there and back")
            }
            return .good(Self.subject, words)
        } catch {
            return .fault(Self.subject, "\(address): \(error)", Self.remedy(for: "\(error)"))
        }
    }

    private static func remedy(for text: String) -> String {
        let text = text.lowercased()
        if text.contains("refused") { return "is it running, and is this its service port (8935), not its admin port?" }
        if text.contains("resolve") || text.contains("nodename") || text.contains("unknown host") || text.contains("name or service") {
            return "the name is not known to DNS here: check its spelling, or give its address"
        }
        if text.contains("handshake") || text.contains("tls") || text.contains("ssl") {
            return "it does not speak TLS there: https://host:8935 is right, or http:// for one without"
        }
        if text.contains("timed") || text.contains("no end within") || text.contains("connect") {
            return "a firewall between here and there, or it is overloaded: nc -vz HOST PORT tells"
        }
        return "ask its operator; its log names the call"
    }

    private static func milliseconds(_ seconds: Double) -> String { "\((seconds * 10_000).rounded() / 10) ms" }
}

import Foundation
import NIOCore
import NIOPosix
import SluiceNetwork

/// Looks at everything that a gateway needs, and says what is wrong and what to do.
struct Doctor: Sendable {
    let source: SettingsSource

    func findings() async -> [Finding] {
        let loaded: LoadedSettings
        do { loaded = try await source.read() } catch {
            return [.fault("settings", "\(error)", "correct the setting that is named; config/gateway.yaml has them all")]
                + MachineChecks().findings
        }
        let settings = loaded.settings
        var findings = [settingsFinding(loaded)]
        findings += await PortChecks(settings: settings).findings
        findings += await onThread { MediaChecks(transcode: settings.transcode, embeds: settings.embedsOrchestrator).findings }
        findings += await onThread { GPUChecks(embeds: settings.embedsOrchestrator).findings }
        findings += CertificateChecks(settings: settings).findings
        findings += await onThread { MachineChecks().findings }
        findings += await OrchestratorChecks(settings: settings).findings
        return findings
    }

    /// Programs are started there, and encoders opened.
    private func onThread(_ body: @escaping @Sendable () -> [Finding]) async -> [Finding] {
        (try? await NIOThreadPool.singleton.runIfActive(body)) ?? []
    }

    private func settingsFinding(_ loaded: LoadedSettings) -> Finding {
        let changed = loaded.effective.values.count { $0.source != "default" }
        return .good("settings", "\(source.file ?? "no file"): \(loaded.effective.count) settings, \(changed) of them not the default")
    }
}

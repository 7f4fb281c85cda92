import Foundation
import SluiceRouting
import SluiceTypes

/// Which chips there are.
struct GPUChecks: Sendable {
    private static let subject = "gpu"
    let embeds: Bool

    var findings: [Finding] {
        let names = Self.nvidia
        let nodes = ((try? FileManager.default.contentsOfDirectory(atPath: "/dev/dri")) ?? []).filter { $0.hasPrefix("renderD") }.sorted()
        guard !names.isEmpty else {
            let other = nodes.isEmpty ? "no chip" : "no NVIDIA chip (there is /dev/dri/\(nodes.joined(separator: ", ")))"
            return [
                embeds
                    ? .note(
                        Self.subject, "\(other): x264 transcodes on the processor", "a GPU with an encoder, or orchestrators that have one")
                    : .good(Self.subject, "\(other), and none is needed: orchestrators transcode")
            ]
        }
        return names.map { name in
            guard let gpu = GPUClassTable().gpu(model: name) else {
                return .note(Self.subject, "\(name): the table of classes does not have it", "add it to a file for the setting gpuClasses")
            }
            let codecs = gpu.encoders.map(\.rawValue).sorted()
            if codecs.isEmpty {
                return .warning(
                    Self.subject, "\(name), \(gpu.gpuClass): it has no video encoder, so x264 on the processor does that work",
                    "a chip with an encoder (L4, T4, RTX) for transcoding; this one is for other work")
            }
            return .good(Self.subject, "\(name), \(gpu.gpuClass), encodes \(codecs.joined(separator: ", "))")
        }
    }

    /// As the driver names them.
    private static var nvidia: [String] {
        let root = "/proc/driver/nvidia/gpus"
        return ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted().compactMap { folder in
            guard let text = try? String(contentsOfFile: "\(root)/\(folder)/information", encoding: .utf8) else { return nil }
            return text.split(separator: "\n").first { $0.hasPrefix("Model:") }
                .map { $0.dropFirst("Model:".count).trimmingCharacters(in: .whitespaces) }
        }
    }
}

package import SluiceTypes

/// Tells the class and the encoders of a GPU from its name. The first line whose text is in the name (case does not matter) holds.
///
/// Source of the encoder column: NVIDIA's Video Encode and Decode GPU Support Matrix. The chips of the A100, H100, H200 and B200
/// kind have decoders but no encoder.
package struct GPUClassTable: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package var contains: String
        package var gpuClass: GPUClass
        package var encoders: Set<VideoCodec>

        package init(contains: String, gpuClass: GPUClass, encoders: Set<VideoCodec>) {
            self.contains = contains
            self.gpuClass = gpuClass
            self.encoders = encoders
        }
    }

    package var lines: [Line]

    package init(lines: [Line] = Self.shipped) { self.lines = lines }

    /// - Returns: `nil` when no line holds; the caller may still infer the class from finish times.
    package func gpu(model: String, memory: Int64 = 0) -> GPU? {
        let name = model.lowercased()
        guard let line = lines.first(where: { name.contains($0.contains.lowercased()) }) else { return nil }
        let vendor =
            name.contains("nvidia") || name.contains("geforce") || name.contains("rtx") || name.contains("tesla")
            ? "nvidia" : name.contains("radeon") || name.contains("instinct") ? "amd" : name.contains("intel") ? "intel" : ""
        return GPU(vendor: vendor, model: model, memory: memory, encoders: line.encoders, gpuClass: line.gpuClass)
    }

    package static let shipped: [Line] = {
        let none: Set<VideoCodec> = []
        let basic: Set<VideoCodec> = [.h264, .hevc]
        func lines(_ names: String, _ gpuClass: GPUClass, _ encoders: Set<VideoCodec>) -> [Line] {
            names.split(separator: ",").map {
                Line(contains: String($0).trimmingSpaces, gpuClass: gpuClass, encoders: encoders)
            }
        }
        // Longer names first: "A100" must not be taken for "A10", nor "L40" for "L4".
        return lines("A100, A800, H100, H800, H200, H20, GH200, B100, B200, GB200, A30, V100, P100, Instinct", .datacenterCompute, none)
            + lines("RTX 6000 Ada, RTX 5000 Ada, RTX 4500 Ada, RTX 4000 Ada, RTX PRO, RTX A, Quadro", .workstation, basic)
            + lines("L40S, L40, L4, T4, A10, A16, A2, P4, P40, M60, Tesla", .datacenterEncode, basic)
            + lines("GeForce, RTX, GTX, Radeon, Arc", .consumer, basic)
            + lines("CPU, Xeon, EPYC, Ryzen, libx264", .cpu, none)
    }()
}

extension String {
    fileprivate var trimmingSpaces: String { String(drop { $0 == " " }) }
}

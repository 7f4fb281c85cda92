/// A graphics chip as a fact of routing: what it can do matters more than how big it is. Chips of the H100, H200 and A100 kind have
/// no video encoder at all.
package struct GPU: Hashable, Sendable {
    /// `nvidia`, `amd`, `intel`; empty when unknown.
    package var vendor: String
    /// The vendor's name of it, e.g. `NVIDIA L4`.
    package var model: String
    /// Bytes; 0 when unknown.
    package var memory: Int64
    /// Codecs it encodes in hardware.
    package var encoders: Set<VideoCodec>
    package var gpuClass: GPUClass

    package init(vendor: String, model: String, memory: Int64 = 0, encoders: Set<VideoCodec> = [], gpuClass: GPUClass) {
        self.vendor = vendor
        self.model = model
        self.memory = memory
        self.encoders = encoders
        self.gpuClass = gpuClass
    }
}

/// A kind of chip by what it is good for. Operators may add names of their own; these are the ones the shipped table uses.
package struct GPUClass: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String
    package init(_ rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }

    /// Data centre chips with video encoders: L4, L40, T4, A10, A2.
    package static let datacenterEncode = GPUClass("datacenter-encode")
    /// Data centre chips without: A100, H100, H200, B200.
    package static let datacenterCompute = GPUClass("datacenter-compute")
    package static let workstation = GPUClass("workstation")
    package static let consumer = GPUClass("consumer")
    package static let cpu = GPUClass("cpu")
}

/// Where the knowledge of a GPU comes from, the surer first.
package enum GPUSource: String, Hashable, Sendable {
    case configured, declared, inferred
}

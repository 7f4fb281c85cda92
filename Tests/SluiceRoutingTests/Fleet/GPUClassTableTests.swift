import SluiceTypes
import Testing

@testable import SluiceRouting

@Suite struct GPUClassTableTests {
    @Test(arguments: [
        ("NVIDIA A100-SXM4-80GB", GPUClass.datacenterCompute, false), ("NVIDIA H100 80GB HBM3", .datacenterCompute, false),
        ("NVIDIA H200", .datacenterCompute, false), ("NVIDIA A10", .datacenterEncode, true), ("NVIDIA L4", .datacenterEncode, true),
        ("NVIDIA L40S", .datacenterEncode, true), ("Tesla T4", .datacenterEncode, true), ("NVIDIA RTX A4000", .workstation, true),
        ("NVIDIA RTX 6000 Ada Generation", .workstation, true), ("NVIDIA GeForce RTX 4090", .consumer, true),
        ("AMD EPYC 7763", .cpu, false),
    ])
    func aBiggerChipIsNotABetterEncoder(model: String, gpuClass: GPUClass, encodes: Bool) {
        let gpu = GPUClassTable().gpu(model: model)
        #expect(gpu?.gpuClass == gpuClass)
        #expect(gpu.map { !$0.encoders.isEmpty } == encodes)
    }

    @Test func anUnknownNameIsNotGuessed() { #expect(GPUClassTable().gpu(model: "Voodoo 2") == nil) }
}

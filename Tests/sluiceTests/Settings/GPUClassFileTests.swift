import Foundation
import SluiceRouting
import SluiceTypes
import Testing

@testable import sluice

@Suite struct GPUClassFileTests {
    private func complaint(_ file: String) throws -> String {
        try withSettingsFile(file) { path in
            do { _ = try GPUClassFile.read(path) } catch { return "\(error)" }
            return "no error"
        }
    }

    @Test func theReferenceFileIsTheTableThatIsBuiltIn() throws {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        #expect(try GPUClassFile.read(root.appendingPathComponent("config/gpu-classes.yaml").path) == GPUClassTable())
    }

    @Test func classesMayHaveNamesOfTheirOwn() throws {
        let file = "gpus:\n  - {class: my-farm, contains: [Voodoo], encoders: [h264, av1]}\n"
        let gpu = try withSettingsFile(file) { try GPUClassFile.read($0).gpu(model: "voodoo 2") }
        #expect(gpu?.gpuClass == GPUClass("my-farm") && gpu?.encoders == [.h264, .av1])
    }

    @Test(arguments: [
        ("", "is empty"), ("gpu: []\n", "unknown key 'gpu'"), ("gpu: []\n", "did you mean 'gpus'?"), ("gpus: []\n", "a list of entries"),
        ("gpus:\n  - class: a\n    contians: [L4]\n", "line 3"), ("gpus:\n  - class: a\n    contians: [L4]\n", "'gpus[0].contains'"),
        ("gpus:\n  - contains: [L4]\n", "'gpus[0].class' is missing"),
        ("gpus:\n  - class: a b\n    contains: [L4]\n", "gpus[0].class = 'a b'"),
        ("gpus:\n  - class: a\n    contains: [L4]\n    encoders: [h266]\n", "one of h264, hevc, av1, vp8, vp9"),
        ("gpus:\n  - class: a\n    contains: ['']\n", "gpus[0].contains[0]"),
        ("gpus:\n  - class: a\n    contains: L4\n", "a list of parts"),
    ]) func whatIsWrongIsNamedByKeyAndLine(file: String, part: String) throws {
        let text = try complaint(file)
        #expect(text.contains(part), "\(text)")
    }

    @Test func theSettingNamesTheFile() throws {
        try withSettingsFile("gpus:\n  - {class: mine, contains: [L4]}\n") { table in
            var reader = try SettingsReader(file: nil, flags: ["gpuClasses": table], environment: [:])
            #expect(try GatewayFileSettings(&reader).gpuClasses.gpu(model: "NVIDIA L4")?.gpuClass == GPUClass("mine"))
        }
        var reader = try SettingsReader(file: nil, flags: ["gpuClasses": "/nowhere/gpus.yaml"], environment: [:])
        #expect(throws: SettingsError.self) { try GatewayFileSettings(&reader) }
    }
}

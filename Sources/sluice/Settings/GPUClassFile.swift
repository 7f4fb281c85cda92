import SluiceRouting
import SluiceTypes

/// The table of GPU classes as a commented YAML file; `config/gpu-classes.yaml` has the one that is built in.
enum GPUClassFile {
    private enum RootKey: String, YAMLKey { case gpus }
    private enum LineKey: String, YAMLKey {
        case contains, encoders
        case gpuClass = "class"
    }

    /// There are fewer names of GPUs in the world; each orchestrator's is compared with all of them.
    private static let mostNames = 1000

    /// - Throws: `SettingsError` naming file, line, key, value and what would be right.
    static func read(_ path: String) throws -> GPUClassTable {
        guard let root = try YAMLValue.read(path) else {
            throw SettingsError("'\(path)' is empty; a table of GPU classes has 'gpus', like config/gpu-classes.yaml")
        }
        let entries = try root.table(RootKey.self).required(.gpus)
            .list(of: "entries, like {contains: [L4], class: datacenter-encode, encoders: [h264]},")
        let lines = try entries.flatMap(lines)
        guard lines.count <= mostNames else { throw root.complaint("at most \(mostNames) names of GPUs are right") }
        return GPUClassTable(lines: lines)
    }

    private static func lines(_ entry: YAMLValue) throws -> [GPUClassTable.Line] {
        let table = try entry.table(LineKey.self)
        let name = try table.required(.gpuClass)
        let gpuClass = try name.text(longest: 64)
        guard gpuClass.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) else {
            throw name.complaint("a name of letters, digits and '-' is right, like datacenter-encode")
        }
        let encoders = try table[.encoders]?.list(of: "codecs, like h264,", mayBeEmpty: true).map { try $0.choice(VideoCodec.self) } ?? []
        return try table.required(.contains).list(of: "parts of GPU names, like [L40, L4],").map { part in
            GPUClassTable.Line(contains: try part.text(longest: 64), gpuClass: GPUClass(gpuClass), encoders: Set(encoders))
        }
    }
}

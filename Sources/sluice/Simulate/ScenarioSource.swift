import Foundation
import SluiceSimulation

/// Finds the scenario that a person named: a path, a shipped one by name, or the recording of a gateway.
enum ScenarioSource {
    /// What the file ends with when it is a trace and no scenario.
    static let traceExtensions: Set<String> = ["jsonl", "trace"]

    struct Found {
        var scenario: Scenario
        /// What a person should know before reading the figures.
        var note: String?
    }

    /// - Throws: `SettingsError` or `TraceError`, naming what was looked for and where.
    static func find(_ name: String) throws -> Found {
        let path = try path(of: name)
        let url = URL(fileURLWithPath: path)
        guard traceExtensions.contains(url.pathExtension) else { return Found(scenario: try ScenarioFile.read(path), note: nil) }
        let reading = try TraceReading(path: path)
        let scenario = TraceReplay.scenario(name: url.deletingPathExtension().lastPathComponent, of: reading.records)
        return Found(scenario: scenario, note: reading.cut.map { "\(path): \($0.description)" })
    }

    private static func path(of name: String) throws -> String {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        if files.fileExists(atPath: name, isDirectory: &isFolder), !isFolder.boolValue { return name }
        let shipped = folders.first { files.fileExists(atPath: "\($0)/\(name).yaml") }
        if let shipped, !name.contains("/") { return "\(shipped)/\(name).yaml" }
        let known = shippedNames
        let list = known.isEmpty ? "no shipped ones were found" : "shipped are \(known.joined(separator: ", "))"
        let nearest = NearestKey.of(name, among: known).flatMap { NearestKey.distance(name, $0) <= 3 ? "; did you mean '\($0)'?" : nil }
        throw SettingsError("there is no scenario '\(name)': it is neither a file nor the name of a shipped one (\(list))\(nearest ?? "")")
    }

    static var shippedNames: [String] {
        let files = folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
        return Set(files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }).sorted()
    }

    /// Where shipped scenarios lie: below the folder one works in, or below one of those around the program.
    private static var folders: [String] {
        var around: [URL] = [URL(fileURLWithPath: FileManager.default.currentDirectoryPath)]
        var folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
        // .build/x86_64-unknown-linux-gnu/release/sluice is four below; an installed bin/sluice one.
        for _ in 0..<5 {
            guard let next = folder, next.path != "/" else { break }
            around.append(next)
            folder = next.deletingLastPathComponent()
        }
        return around.flatMap { ["config/scenarios", "share/sluice/scenarios"].map($0.appendingPathComponent) }.map(\.path)
    }
}

import Foundation
import SluiceSimulation

/// A scenario as a commented YAML file; `docs/Simulator.md` explains every key.
enum ScenarioFile {
    private enum RootKey: String, YAMLKey { case about, duration, gateways, uplink, streams, orchestrators }

    private enum StreamKey: String, YAMLKey {
        case count, segmentDuration, renditions, bitrate, start, startsOver, end
    }

    /// - Parameter path: the scenario gets the name of the file, without its extension.
    /// - Throws: `SettingsError` naming file, line, key, value and what would be right.
    static func read(_ path: String) throws -> Scenario {
        guard let root = try YAMLValue.read(path) else {
            throw SettingsError("'\(path)' is empty; a scenario has at least 'streams' and 'orchestrators'")
        }
        let table = try root.table(RootKey.self)
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        var scenario = Scenario(
            name: name,
            streams: try table.required(.streams).list(of: "stream groups, like '- count: 20',").map(streamGroup),
            orchestrators: try table.required(.orchestrators).list(of: "orchestrators, like '- name: berlin',")
                .map(orchestrator))
        if let about = table[.about] { scenario.about = try about.text() }
        try table.read(.duration, into: &scenario.duration, as: .duration)
        try table.read(.gateways, into: &scenario.gateways)
        scenario.uplinkBitsPerSecond = try table[.uplink]?.quantity(.bitRate)
        try refuseImpossible(scenario, in: root)
        return scenario
    }

    /// Names every impossible value by its line.
    private static func refuseImpossible(_ scenario: Scenario, in root: YAMLValue) throws {
        let complaints = scenario.check().map { fault in
            // Where the words of the file are not those of the model.
            let path = fault.path.replacing("uplinkBitsPerSecond", with: "uplink").replacing(".lasts", with: ".for")
            let place = root.innermost(at: path)
            let value = place.path == path ? place.shown : fault.value
            return SettingsError(key: path, value: value, source: place.source, wish: "it must be \(fault.allowed)").description
        }
        guard complaints.isEmpty else { throw SettingsError(complaints.joined(separator: "\n")) }
    }

    private static func streamGroup(_ value: YAMLValue) throws -> StreamGroup {
        let table = try value.table(StreamKey.self)
        var group = StreamGroup(count: try table.required(.count).whole())
        try table.read(.segmentDuration, into: &group.segmentDuration, as: .duration)
        try table.read(.bitrate, into: &group.bitrate, as: .bitRate)
        try table.read(.start, into: &group.start, as: .duration)
        try table.read(.startsOver, into: &group.startsOver, as: .duration)
        group.end = try table[.end]?.quantity(.duration)
        if let renditions = table[.renditions] {
            group.renditions = try renditions.list(of: "renditions, like 640x360@30/800k,").map(rendition)
        }
        return group
    }

    /// `640x360@30/800k`: width, height, frames per second, bits per second.
    private static func rendition(_ value: YAMLValue) throws -> StreamGroup.RenditionModel {
        let text = try value.text()
        let parts = text.split(separator: /[x@\/]/, omittingEmptySubsequences: false).map(String.init)
        let separators = text.filter { "x@/".contains($0) }
        guard separators == "x@/", parts.count == 4, let width = Int(parts[0]), let height = Int(parts[1]),
            let frameRate = Quantity.number.value(of: parts[2]), let bitrate = Quantity.bitRate.value(of: parts[3])
        else { throw value.complaint("WIDTHxHEIGHT@FRAMES/BITRATE is right, like 640x360@30/800k") }
        return StreamGroup.RenditionModel(width: width, height: height, frameRate: frameRate, bitrate: bitrate)
    }
}

import Foundation
import SluiceGateway
import SluiceTypes
import Testing

/// The dashboards of config/grafana ask for metrics that there are, with labels that they have.
@Suite struct GrafanaDashboardTests {
    private static let root: URL = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root
    }()

    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable { var expr: String }

            var title: String
            var type: String
            var targets: [Target]?
        }

        struct Variables: Decodable {
            struct Variable: Decodable {
                var name: String
                var query: String
            }

            var list: [Variable]
        }

        var panels: [Panel]
        var templating: Variables
    }

    /// Names that a scrape may have, as the sources make them: some have no series before they are used.
    private static func known(in folders: [String]) throws -> Set<String> {
        var names: Set<String> = []
        for folder in folders {
            let place = root.appendingPathComponent("Sources/\(folder)")
            for file in try #require(FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)).compactMap({ $0 as? URL })
            where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                for match in text.matches(of: /(counter|gauge|histogram|share)s?\(\s*"((?:sluice|livepeer)_[a-z0-9_]+)"/) {
                    names.insert(String(match.2))
                    if match.1 == "histogram" { names.formUnion(["_bucket", "_sum", "_count"].map { match.2 + $0 }) }
                }
            }
        }
        return names
    }

    /// Those that a gateway has from its start.
    private static func registered() -> Set<String> {
        let registry = MetricRegistry()
        _ = GatewayMetrics(registry: registry, node: "node", maxStreams: 1)
        var names: Set<String> = []
        for line in registry.render().split(separator: "\n") where line.hasPrefix("# TYPE ") {
            let words = line.split(separator: " ")
            names.insert(String(words[2]))
            if words[3] == "histogram" { names.formUnion(["_bucket", "_sum", "_count"].map { words[2] + $0 }) }
        }
        return names
    }

    @Test(arguments: [
        (
            "gateway", ["SluiceGateway", "SluiceNetwork/Trickle", "sluice"],
            ["sluice_trace_", "sluice_trickle_", "sluice_quality_", "sluice_segment"]
        ),
        ("orchestrator", ["SluiceOrchestrator", "SluiceNetwork/Trickle"], ["sluice_runner", "sluice_trickle_", "sluice_orchestrator_"]),
    ]) func everyMetricOfTheDashboardIsThere(name: String, folders: [String], subjects: [String]) throws {
        let file = Self.root.appendingPathComponent("config/grafana/\(name).json")
        let board = try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file))
        let known = try Self.known(in: folders).union(name == "gateway" ? Self.registered() : [])
        var seen: Set<String> = []
        for panel in board.panels where panel.type != "row" {
            let targets = try #require(panel.targets, "\(panel.title)")
            #expect(!targets.isEmpty)
            for target in targets {
                let names = target.expr.matches(of: /(?:sluice|livepeer)_[a-z0-9_]+/).map { String($0.0) }
                #expect(!names.isEmpty, "\(panel.title): \(target.expr)")
                for name in names {
                    #expect(known.contains(name), "\(panel.title): there is no \(name)")
                    seen.insert(name)
                }
                // What is grouped by must be a label of it.
                for by in target.expr.matches(of: /by \(([a-z, ]+)\)/).flatMap({ $0.1.split(separator: ",") }) {
                    let label = by.trimmingCharacters(in: .whitespaces)
                    #expect(["le", "reason", "result", "class", "orchestrator"].contains(label), "\(panel.title): \(label)")
                }
                #expect(target.expr.filter { $0 == "(" }.count == target.expr.filter { $0 == ")" }.count, "\(panel.title)")
            }
        }
        #expect(seen.count > 15, "\(seen.sorted())")
        for subject in subjects { #expect(seen.contains { $0.hasPrefix(subject) }, "nothing shows \(subject)") }
        // Nothing that a role counts is forgotten; the reference's names are for its own dashboards, and channels are few at a gateway.
        let own = try Self.known(in: name == "gateway" ? ["SluiceGateway"] : folders).filter {
            $0.hasPrefix("sluice_") && !$0.contains(/_(bucket|sum|count)$/)
        }
        let missing = own.filter { one in !seen.contains { $0 == one || $0.hasPrefix(one + "_") } }
        #expect(missing.isEmpty, "\(missing.sorted())")
        for variable in board.templating.list where variable.name != "datasource" {
            #expect(variable.query.contains(name == "gateway" ? "sluice_segments_total" : "sluice_orchestrator_segments_total"))
        }
    }
}

import Foundation
import SluiceGateway
import SluiceTypes
import Testing

/// config/grafana/gateway.json asks for metrics that there are, with labels that they have.
@Suite struct GrafanaDashboardTests {
    private static let path: String = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("config/grafana/gateway.json").path
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

    /// Names that a scrape has, whatever their labels: families that have no series yet stand in the source alone.
    private static func known() -> Set<String> {
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

    @Test func everyMetricOfTheDashboardIsThere() throws {
        let board = try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: URL(fileURLWithPath: Self.path)))
        // Families whose labels come with their use (`MetricRegistry.counters` and the like); their names are read where they are made.
        let families: [String: Set<String>] = [
            "sluice_ejected": ["class"], "sluice_attempt_finish_seconds_bucket": ["orchestrator", "class", "le"],
        ]
        let source = try String(
            contentsOfFile: Self.path.replacing("config/grafana/gateway.json", with: "Sources/SluiceGateway/Status/RoutingMetrics.swift"),
            encoding: .utf8)
        let known = Self.known()
        var seen: Set<String> = []
        for panel in board.panels where panel.type != "row" {
            let targets = try #require(panel.targets, "\(panel.title)")
            #expect(!targets.isEmpty)
            for target in targets {
                let names = target.expr.matches(of: /(?:sluice|livepeer)_[a-z0-9_]+/).map { String($0.0) }
                #expect(!names.isEmpty, "\(panel.title): \(target.expr)")
                for name in names {
                    let family = name.replacing(/_bucket$/, with: "")
                    let isThere = known.contains(name) || (families[name] != nil && source.contains("\"\(family)\""))
                    #expect(isThere, "\(panel.title): there is no \(name)")
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
        #expect(seen.count > 20, "\(seen.sorted())")
        for variable in board.templating.list where variable.name != "datasource" {
            #expect(variable.query.contains("sluice_segments_total"))
        }
    }
}

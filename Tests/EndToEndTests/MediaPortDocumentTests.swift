import Foundation
import Testing

/// The document of the media port is true: every operation of it is answered, by one of the answers that it names, and there is no other
/// method at its paths that does something.
@Suite(.timeLimit(.minutes(3))) struct MediaPortDocumentTests {
    private struct Answer {
        var status: String
        var body: String
    }

    private func ask(_ method: String, _ address: String, hasBody: Bool = true) async throws -> Answer {
        let text = try await Program.run(
            ["curl", "-s", "--max-time", "10", "-X", method, "-w", "\n%{http_code}"] + (hasBody ? ["-d", "{}"] : []) + [address])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return Answer(status: String(lines.last ?? ""), body: lines.dropLast().joined(separator: "\n"))
    }

    @Test(arguments: ["on", "off"]) func whatItSaysIsSo(market: String) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-document-\(UUID().uuidString).yaml")
        try Data("marketplace: {public: \(market)}\nprofiles: none\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let gateway = try await RunningGateway(["--config", file.path])
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(try await gateway.get("/openapi.json").utf8)) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        #expect((paths["/marketplace/offers"] != nil) == (market == "on"))
        #expect(paths.keys.allSatisfy { !$0.hasPrefix("/api/v1/") && !$0.hasPrefix("/set") })
        let values = ["file": "0.ts", "sequence": "-1", "path": "x", "piece": "part-0.m4s"]
        for (path, operations) in paths.sorted(by: { $0.key < $1.key }) {
            let filled = path.replacing(/\{(\w+)\}/) { values[String($0.output.1)] ?? "nosuch" }
            for method in ["get", "post", "put", "delete", "patch"] {
                let answer = try await ask(method.uppercased(), gateway.http + filled, hasBody: method != "get" && method != "delete")
                if let operation = operations[method] {
                    let named = (operation["responses"] as? [String: Any] ?? [:]).keys.sorted()
                    #expect(named.contains(answer.status), "\(method) \(path): \(answer), not one of \(named)")
                    #expect(!answer.body.hasPrefix("nothing is here"), "\(method) \(path): \(answer)")
                } else {
                    #expect(!answer.status.hasPrefix("2"), "\(method) \(path): \(answer) is not in the document")
                }
            }
        }
        // The other port has its own, and says where this one is.
        let other = try await Program.run(["curl", "-s", "--max-time", "5", "\(gateway.admin)/openapi.json"])
        #expect(other.contains("The media port (9935) has a document of its own") && !other.contains("/process/stream/start"))
    }
}

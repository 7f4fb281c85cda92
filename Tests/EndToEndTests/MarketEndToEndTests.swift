import Foundation
import Testing

/// A gateway finds an orchestrator through a discovery webhook, is told its price, gives it work, and books what is owed.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MarketEndToEndTests {
    private static let lister = """
        import http.server, sys
        body = sys.argv[1].encode()
        class Lister(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
        server = http.server.HTTPServer(("127.0.0.1", 0), Lister)
        print("port", server.server_address[1], flush=True)
        server.serve_forever()
        """

    private struct Usage: Decodable {
        struct Line: Decodable {
            var stream: String?
            var orchestrator: String?
            var units: Int64
            var priceWei: Int64?
            var pricePer: Int64?
            var feeWei: String
        }

        var lines: [Line]
    }

    @Test func aListedOrchestratorIsUsedAndPaidWhatItPosted() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("market-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try await RunningOrchestrator.freePort()
        let pricing = folder.appendingPathComponent("orchestrator.yaml")
        try Data("pricing:\n  base: [\"transcode = 7 wei per 3 pixels\"]\n".utf8).write(to: pricing)
        let orchestrator = try Program([
            SluiceBinary.path, "orchestrator", "--config", pricing.path, "--port", "\(port)", "--admin-port", "0", "--service-uri",
            "https://127.0.0.1:\(port)",
        ])
        _ = try await eventually("orchestrator starts") { orchestrator.text.contains("Ctrl-C") ? true : nil }
        let list = #"[{"address":"https://127.0.0.1:\#(port)","score":1.0},{"address":"nonsense here","score":1}]"#
        let lister = try Program(["python3", "-u", "-c", Self.lister, list])
        let webhook = try await eventually("the webhook") {
            lister.text.split(separator: "\n").first { $0.hasPrefix("port ") }.flatMap { Int($0.dropFirst(5)) }
        }
        let settings = folder.appendingPathComponent("gateway.yaml")
        try Data(
            """
            marketplace:
              registry: \(folder.path)/registry.sqlite
              webhook: http://127.0.0.1:\(webhook)/list
            """.utf8
        ).write(to: settings)
        let gateway = try await RunningGateway(["--config", settings.path, "--profiles", "P240p30fps16x9"])
        func ask(_ path: String) async throws -> String { try await Program.run(["curl", "-s", "--max-time", "5", gateway.admin + path]) }
        let offers = try await eventually("the offer") {
            let text = try await ask("/marketplace/offers")
            return text.contains(#""reachable":true"#) ? text : nil
        }
        #expect(offers.contains(#""sources":["declared","webhook"]"#) && offers.contains(#""wei":7,"per":3"#), "\(offers)")

        let publisher = try gateway.publish("cam", seconds: 6, size: "426x240")
        #expect(await publisher.status() == 0, "\(publisher.text)")
        let ended = try await gateway.ended("cam", "P240p30fps16x9")
        #expect(ended.gaps == 0)
        let line = try await eventually("the books") {
            let text = try await ask("/marketplace/usage?stream=cam")
            let lines = try JSONDecoder().decode(Usage.self, from: Data(text.utf8)).lines
            // Six seconds of 426 × 240 at 30 pictures a second, the last of which may be cut off.
            return lines.first { $0.units >= 426 * 240 * 150 }
        }
        #expect(line.orchestrator == "https://127.0.0.1:\(port)" && line.priceWei == 7 && line.pricePer == 3)
        // Pictures are whole, so that the fee is exact by hand: units × 7 / 3.
        #expect(line.units % (426 * 240) == 0)
        let (whole, rest) = (line.units * 7 / 3, line.units * 7 % 3)
        #expect(line.feeWei == (rest == 0 ? "\(whole)" : "\(whole)+\(rest)/3"))
        let board = try await ask("/marketplace/leaderboard")
        #expect(board.contains("https://127.0.0.1:\(port)"))
    }
}

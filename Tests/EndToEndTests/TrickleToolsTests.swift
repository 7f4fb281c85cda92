import Foundation
import Testing

/// `sluice trickle serve`, `publish` and `subscribe`, as people use them.
@Suite(.timeLimit(.minutes(1))) struct TrickleToolsTests {
    private struct Report: Decodable {
        struct Channel: Decodable {
            var name: String
            var bytesIn: Int
            var bytesOut: Int
            var readers: Int
            var largestLag: Int
            var readersCut: Int
            var firstByteMeanMs: Double?
        }

        var channels: [Channel]
    }

    private static func url(after words: String, in text: String) throws -> String {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(words) }) else {
            throw Waited(description: "no '\(words)' in \(text)")
        }
        return String(line.dropFirst(words.count))
    }

    @Test func linesGoThroughASecretPairOfURLsAndAreCounted() async throws {
        let server = try Program([SluiceBinary.path, "trickle", "serve", "--port", "0", "--admin-port", "0", "--channel", "cam=text/plain"])
        let said = try await eventually("the server starts") {
            if !server.isRunning { throw Waited(description: "the server ended: \(server.text)") }
            return server.text.contains("status at") ? server.text : nil
        }
        let write = try Self.url(after: "cam: write ", in: said)
        let read = try Self.url(after: "cam: read ", in: said)
        let status = try Self.url(after: "status at ", in: said)
        func report() async throws -> Report {
            try JSONDecoder().decode(Report.self, from: Data(try await Program.run(["curl", "-s", "--max-time", "5", status]).utf8))
        }
        let reader = try Program([SluiceBinary.path, "trickle", "subscribe", "--lines", "--from", "0", read])
        _ = try await eventually("a reader") { try await report().channels.first?.readers == 1 ? true : nil }
        let lines = (0..<20).map { "line \($0)" }.joined(separator: "\n") + "\n"
        let input = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-lines-\(UUID().uuidString)")
        try Data(lines.utf8).write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        // Whoever has the URL for reading cannot write.
        let refused = try Program([SluiceBinary.path, "trickle", "publish", "--lines", read, input.path])
        #expect(await refused.status() != 0)
        #expect(refused.text.contains("403"), "\(refused.text)")
        let writer = try Program([SluiceBinary.path, "trickle", "publish", "--lines", "--keep-open", write, input.path])
        #expect(await writer.status() == 0, "\(writer.text)")
        _ = try await eventually("all lines") { reader.text.split(separator: "\n").count == 20 ? true : nil }
        #expect(reader.text.replacing("\n\n", with: "\n") == lines)
        let channel = try #require(try await report().channels.first)
        #expect(channel.name == "cam")
        #expect(channel.bytesIn == channel.bytesOut)
        #expect(channel.bytesIn > 0)
        #expect(channel.readers == 1)
        #expect(channel.largestLag == 0)
        #expect(channel.readersCut == 0)
        #expect(try #require(channel.firstByteMeanMs) > 0)
    }
}

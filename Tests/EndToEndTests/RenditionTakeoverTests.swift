import Foundation
import Testing

/// The orchestrator of a stream is lost in the middle of a segment: what viewers were given stays, and another goes on from there.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RenditionTakeoverTests {
    private static let rendition = "P240p30fps16x9"

    @Test(arguments: [SIGKILL, SIGSTOP]) func anotherGoesOnWithinTheSegment(signal: Int32) async throws {
        var orchestrators: [String: RunningOrchestrator] = [:]
        for _ in 0..<2 {
            let port = try await RunningOrchestrator.freePort()
            orchestrators["https://127.0.0.1:\(port)"] = try await RunningOrchestrator(port: port)
        }
        let gateway = try await RunningGateway(
            ["--profiles", Self.rendition] + orchestrators.keys.sorted().flatMap { ["--orchestrator", $0] })
        _ = try await eventually("the gateway finds them") {
            gateway.program.text.components(separatedBy: "orchestrator found").count > 2 ? true : nil
        }
        let publisher = try gateway.publish("cam", seconds: 40, size: "320x180")
        var listing = PartListing()

        // Parts of a segment that is being cut are out, and more are to come.
        func look() async throws { listing.look(at: try await gateway.get("/ll/cam/\(Self.rendition).m3u8")) }
        _ = try await eventually("parts of a rendition in the making", within: .seconds(30)) {
            try await look()
            return listing.open.sequence > 3 && (3...5).contains(listing.open.parts) ? true : nil
        }
        let struck = listing.open.sequence
        let name = try #require(try await server(of: "cam", gateway))
        let victim = try #require(orchestrators[name], "\(name) is none of \(orchestrators.keys)")
        victim.program.send(signal)
        let published = listing.segments[struck]?.parts.count ?? 0
        _ = try await eventually("two segments more", within: .seconds(30)) {
            try await look()
            return listing.segments[struck + 2]?.isComplete == true ? true : nil
        }
        publisher.terminate()

        let log = gateway.program.text
        #expect(listing.changes == [], "\(log)")
        let whole = try #require(listing.segments[struck])
        #expect(whole.parts.count > published)
        // Its rest may be missing where the other cannot go on; what comes after it may not.
        for sequence in struck + 1...struck + 2 {
            let next = try #require(listing.segments[sequence])
            #expect(!next.isGap && !next.parts.contains { $0.isGap }, "segment \(sequence - struck) after: \(next.parts)\n\(log)")
        }
        #expect(!whole.parts.contains { $0.isGap }, "\(whole.parts)\n\(log)")
        let metrics = try await Program.run(["curl", "-s", "\(gateway.admin)/metrics"])
        #expect(metrics.contains("sluice_renditions_taken_over_total 1\n"), "\(log)")
        try await expectNothingTwice(listing, struck - 1...struck + 2, gateway)
        if signal == SIGSTOP { victim.program.send(SIGCONT) }
    }

    /// Times go on from part to part, and FFmpeg can play them all.
    private func expectNothingTwice(_ listing: PartListing, _ segments: ClosedRange<Int>, _ gateway: RunningGateway) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-parts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("all.mp4").path
        let kept = segments.compactMap { listing.segments[$0] }
        let initialization = try #require(kept.first?.initialization)
        #expect(kept.allSatisfy { $0.initialization == initialization })
        let uris = [initialization] + kept.flatMap { $0.parts.filter { !$0.isGap }.map(\.uri) }
        var bytes = Data()
        for (index, uri) in uris.enumerated() {
            let piece = folder.appendingPathComponent("\(index)").path
            _ = try await Program.run(["curl", "-s", "--fail", "-o", piece, "\(gateway.http)/ll/cam/\(uri)"])
            bytes.append(try Data(contentsOf: URL(fileURLWithPath: piece)))
        }
        try bytes.write(to: URL(fileURLWithPath: file))
        let text = try await Program.run([
            "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=dts_time", "-of", "csv=p=0", file,
        ])
        let times = text.split(separator: "\n").compactMap { Double($0.replacing(",", with: "")) }
        #expect(times.count == segments.count * 60, "\(times.count) pictures")
        let steps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(steps.allSatisfy { $0 > 0.02 && $0 < 0.05 }, "\(steps.filter { $0 <= 0.02 || $0 >= 0.05 })")
        #expect(try await Program.run(["ffmpeg", "-v", "error", "-i", file, "-f", "null", "-"]) == "")
    }

    /// Who brought the stream's last segment home.
    private func server(of stream: String, _ gateway: RunningGateway) async throws -> String? {
        struct Decision: Decodable {
            struct Attempt: Decodable {
                let orchestrator: String
            }

            let attempts: [Attempt]
        }
        let text = try await Program.run(["curl", "-s", "--max-time", "5", "\(gateway.admin)/routing/decisions?stream=\(stream)"])
        return try JSONDecoder().decode([Decision].self, from: Data(text.utf8)).last?.attempts.last?.orchestrator
    }
}

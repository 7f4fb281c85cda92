import Foundation
import Testing

/// The gateway is lost and started again; the publisher comes back. Viewers' playlists go on: no number steps back, no name comes twice.
@Suite(.serialized, .timeLimit(.minutes(3))) struct GatewayRestartTests {
    private struct Seen {
        var sequence = -1
        var discontinuity = -1
        var names: Set<String> = []

        /// - Returns: what a viewer could not go on with; `nil` when it can.
        mutating func look(at text: String) -> String? {
            func number(_ tag: String) -> Int? {
                text.split(separator: "\n").first { $0.hasPrefix(tag) }.flatMap { Int($0.dropFirst(tag.count)) }
            }
            guard let next = number("#EXT-X-MEDIA-SEQUENCE:"), let cuts = number("#EXT-X-DISCONTINUITY-SEQUENCE:") else { return nil }
            defer {
                (sequence, discontinuity) = (next, cuts)
                names.formUnion(text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init))
            }
            return next >= sequence && cuts >= discontinuity ? nil : "from \(sequence), \(discontinuity) to \(next), \(cuts)"
        }
    }

    @Test func playlistsGoOnAboveWhereTheyWere() async throws {
        let ports = [try await RunningOrchestrator.freePort(), try await RunningOrchestrator.freePort()].map(String.init)
        let options = ["--profiles", "P144p30fps16x9", "--rtmp-port", ports[0], "--http-port", ports[1]]
        let paths = ["/stream/cam/source.m3u8", "/stream/cam/P144p30fps16x9.m3u8", "/ll/cam/source.m3u8", "/ll/cam/P144p30fps16x9.m3u8"]
        var seen = Array(repeating: Seen(), count: paths.count)
        var faults: [String] = []

        func watch(_ gateway: RunningGateway, _ publisher: Program) async throws {
            let known = seen.map(\.names)
            _ = try await eventually("four segments of each playlist", within: .seconds(40)) {
                if !publisher.isRunning { throw Waited(description: "the publisher ended: \(publisher.text)") }
                for (place, path) in paths.enumerated() {
                    if let fault = seen[place].look(at: try await gateway.get(path)) { faults.append("\(path): \(fault)") }
                }
                return zip(seen, known).allSatisfy { $0.names.subtracting($1).count >= 4 } ? true : nil
            }
        }
        for _ in 0..<2 {
            let before = seen.map(\.names)
            let gateway = try await RunningGateway(options)
            let publisher = try gateway.publish("cam", seconds: 60, size: "320x180")
            try await watch(gateway, publisher)
            // Nothing of before is named again, whatever a cache still has.
            for (place, path) in paths.enumerated() {
                let names = Set(try await gateway.get(path).split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init))
                #expect(!names.isEmpty && names.isDisjoint(with: before[place]), "\(path)")
            }
            gateway.program.killAtOnce()
            _ = await gateway.program.status()
            publisher.killAtOnce()
            _ = await publisher.status()
        }
        #expect(faults == [])
    }
}

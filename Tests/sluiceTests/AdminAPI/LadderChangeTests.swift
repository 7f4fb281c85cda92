import Foundation
import HTTPTypes
import NIOCore
import SluiceTesting
import Testing

@testable import sluice

/// Other renditions for a stream that is live, at the admin API of a whole gateway.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LadderChangeTests {
    private static let path = "/api/v1/streams/cam"
    private static let settings = "profiles: P144p30fps16x9\ntenants:\n  acme:\n    streams: [cam]\n    quota: {renditions: 3}\n"

    private func names(_ answer: RunningDesk.Answer) -> [String] {
        (answer.object["profiles"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
    }

    private func listed(_ desk: RunningDesk, _ path: String) async throws -> [String] {
        try await desk.media(.get, path).text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    @Test func renditionsComeLeaveAndChangeAtTheNextSegment() async throws {
        try await RunningDesk.serving(Self.settings) { desk in
            for sequence in 0..<2 { #expect(try await desk.push("cam", sequence) == 200) }
            let more = try await desk.ask(.patch, Self.path, #"{"add": [{"name": "tiny", "width": 128, "height": 72, "bitrate": 90000}]}"#)
            #expect(more.status == 200 && names(more) == ["P144p30fps16x9", "tiny"], "\(more)")
            #expect(try await listed(desk, "/stream/cam.m3u8") == ["cam/source.m3u8", "cam/P144p30fps16x9.m3u8"], "at the next segment")
            for sequence in 2..<4 { #expect(try await desk.push("cam", sequence) == 200) }
            let three = ["cam/source.m3u8", "cam/P144p30fps16x9.m3u8", "cam/tiny.m3u8"]
            #expect(try await listed(desk, "/stream/cam.m3u8") == three)
            try await soon("parts of it") { try await listed(desk, "/ll/cam.m3u8") == three }
            #expect(try await listed(desk, "/stream/cam/tiny.m3u8") == ["tiny/2.ts", "tiny/3.ts"], "with the source's numbers")
            let kept = try await desk.media(.get, "/stream/cam/P144p30fps16x9.m3u8").text
            #expect(kept.contains("P144p30fps16x9/0.ts") && kept.contains("P144p30fps16x9/3.ts") && !kept.contains("DISCONTINUITY\n"))

            let fewer = try await desk.ask(
                .patch, Self.path,
                #"{"remove": ["P144p30fps16x9"], "add": [{"name": "tiny", "width": 64, "height": 36, "bitrate": 50000}]}"#)
            #expect(fewer.status == 200 && names(fewer) == ["tiny"], "\(fewer)")
            for sequence in 4..<6 { #expect(try await desk.push("cam", sequence) == 200) }
            let two = ["cam/source.m3u8", "cam/tiny.m3u8"]
            #expect(try await listed(desk, "/stream/cam.m3u8") == two)
            try await soon("the other parts") { try await listed(desk, "/ll/cam.m3u8") == two }
            for folder in ["stream", "ll"] {
                #expect(try await desk.media(.get, "/\(folder)/cam/P144p30fps16x9.m3u8").status == 404)
                try await soon("the other size") {
                    try await desk.media(.get, "/\(folder)/cam.m3u8").text.contains("RESOLUTION=64x36")
                }
            }
            let changed = try await desk.media(.get, "/stream/cam/tiny.m3u8").text
            #expect(changed.split(separator: "\n").count { $0 == "#EXT-X-DISCONTINUITY" } == 1, "\(changed)")
            #expect(!changed.contains("EXT-X-GAP") && changed.contains("tiny/2.ts") && changed.contains("tiny/5.ts"))
            let parts = try await desk.media(.get, "/ll/cam/tiny.m3u8").text
            #expect(parts.split(separator: "\n").count { $0 == "#EXT-X-DISCONTINUITY" } == 1, "\(parts)")

            // One that was there before begins with what comes now.
            #expect(try await desk.ask(.patch, Self.path, #"{"profiles": ["P144p30fps16x9", "P240p30fps16x9"]}"#).status == 200)
            for sequence in 6..<8 { #expect(try await desk.push("cam", sequence) == 200) }
            #expect(try await listed(desk, "/stream/cam/P144p30fps16x9.m3u8") == ["P144p30fps16x9/6.ts", "P144p30fps16x9/7.ts"])
            let source = try await desk.media(.get, "/stream/cam/source.m3u8").text
            #expect(!source.contains("EXT-X-GAP") && !source.contains("DISCONTINUITY\n") && source.contains("source/7.ts"), "\(source)")
            #expect(try await desk.ask(.patch, Self.path, #"{"profiles": []}"#).status == 200)
            #expect(try await desk.push("cam", 8) == 200)
            #expect(try await listed(desk, "/stream/cam.m3u8") == ["cam/source.m3u8"])
        }
    }

    @Test func whatCannotBeIsSaidAndChangesNothing() async throws {
        try await RunningDesk.serving(Self.settings) { desk in
            #expect(try await desk.push("cam", 0) == 200)
            let seen = try #require(try await desk.get(Self.path).tag)
            let cases: [(String, Int, String)] = [
                ("[]", 400, "no-object"), ("{}", 400, "wrong-profiles"), (#"{"ad": []}"#, 400, "unknown-key"),
                (#"{"add": ["P9000p"]}"#, 400, "wrong-profiles"), (#"{"add": 7}"#, 400, "wrong-profiles"),
                (#"{"add": [7]}"#, 400, "wrong-profiles"), (#"{"remove": ["none"]}"#, 400, "no-such-rendition"),
                (#"{"remove": "P144p30fps16x9"}"#, 400, "wrong-profiles"), (#"{"profiles": [], "add": []}"#, 400, "wrong-profiles"),
                (#"{"add": [{"name": "source", "width": 64, "height": 64, "bitrate": 9}]}"#, 400, "wrong-profiles"),
                (#"{"add": [{"name": "a/b", "width": 64, "height": 64, "bitrate": 9}]}"#, 400, "wrong-profiles"),
                (#"{"add": ["P240p30fps16x9", "P360p30fps16x9", "P720p30fps16x9"]}"#, 429, "quota"),
            ]
            for (body, status, code) in cases {
                let answer = try await desk.ask(.patch, Self.path, body)
                #expect(answer.status == status && answer.fault["code"] as? String == code, "\(body): \(answer)")
            }
            #expect(try await desk.get(Self.path).tag == seen)
            let mine = try await desk.ask(.patch, Self.path, #"{"add": ["P240p30fps16x9"]}"#, [.ifMatch: seen])
            #expect(mine.status == 200 && mine.tag != seen)
            let late = try await desk.ask(.patch, Self.path, #"{"remove": ["P144p30fps16x9"]}"#, [.ifMatch: seen])
            #expect(late.status == 412 && late.fault["code"] as? String == "changed-meanwhile", "\(late)")
            #expect(names(try await desk.get(Self.path)) == ["P144p30fps16x9", "P240p30fps16x9"])
            #expect(try await desk.ask(.patch, "/api/v1/streams/nobody", #"{"add": []}"#).status == 404)
            #expect(try await desk.media(.delete, "/live/cam").status == 204)
            try await soon("the end") { try await desk.ask(.patch, Self.path, #"{"add": ["P240p30fps16x9"]}"#).status == 409 }
        }
    }
}

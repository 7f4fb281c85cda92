import Foundation
import HTTPTypes
import NIOCore
import SluiceTesting
import Testing

@testable import sluice

/// Every number that somebody may send to a gateway, as nobody would: each is refused or made do with, and the gateway lives.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NumbersFromOutsideTests {
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "-1", "0", "1e300", "-1e300", "1e999",
        "1e-300", "NaN", "inf", "0x7fffffffffffffff", "2147483648", "4294967296", "1.5",
    ]
    /// Those that JSON has.
    private static let literals = numbers.filter { !["NaN", "inf", "0x7fffffffffffffff"].contains($0) } + ["\"NaN\"", "null", "true"]

    private static let settings = """
        profiles: P144p30fps16x9
        tenants:
          acme: {keys: [k]}
        liveVideo: {pipeline: noop}
        """

    private func expect(_ answer: RunningDesk.Answer, _ what: String) {
        // 503: no orchestrator is there.
        #expect(answer.status < 500 || answer.status == 503, "\(what): \(answer.status) \(answer.text.prefix(300))")
    }

    private func field(_ name: String) throws -> HTTPField.Name { try #require(HTTPField.Name(name)) }

    @Test func pushedSegments() async throws {
        try await RunningDesk.serving(Self.settings) { desk in
            let media = try Fixture.bytes("media/av360p-3segments-0.ts")
            for (index, number) in Self.numbers.enumerated() {
                expect(try await desk.media(.post, "/live/a\(index)/\(number).ts", [:], media), "number \(number)")
                expect(try await desk.media(.post, "/live/a\(index)/0.ts", [:], media), "0 after \(number)")
                for name in ["Content-Duration", "Content-Slice-From", "Content-Slice-To"] {
                    let answer = try await desk.media(
                        .post, "/live/b/\(index).ts", [try field(name): number], ByteBuffer(string: "no media"))
                    expect(answer, "\(name) \(number)")
                }
                for size in ["\(number)x\(number)", "640x\(number)"] {
                    let fields: HTTPFields = [try field("Content-Resolution"): size]
                    expect(try await desk.media(.post, "/live/c/\(index).ts", fields, ByteBuffer(string: "no media")), size)
                }
            }
            for (index, number) in Self.literals.enumerated() {
                for key in ["width", "height", "bitrate", "fps", "fpsDen", "quality", "gop"] {
                    let profile = #"{"name":"x","width":128,"height":72,"bitrate":100000,"fps":30,"\#(key)":\#(number)}"#
                    let fields: HTTPFields = [try field("Livepeer-Transcode-Configuration"): #"{"profiles":[\#(profile)]}"#]
                    expect(try await desk.media(.post, "/live/d\(index)\(key)/0.ts", fields, media), "\(key) \(number)")
                }
            }
            #expect(try await desk.get("/healthz").status == 200)
        }
    }

    @Test func viewers() async throws {
        try await RunningDesk.serving("profiles: none\n") { desk in
            #expect(try await desk.push("cam") == 200)
            for number in Self.numbers {
                for path in ["/ll/cam.m3u8", "/ll/cam/source.m3u8", "/stream/cam.m3u8", "/stream/cam/source.m3u8"] {
                    // What is far ahead is refused; what is next would be waited for.
                    for query in [
                        "_HLS_msn=\(number)", "_HLS_msn=\(number)&_HLS_part=\(number)", "_HLS_part=\(number)", "_HLS_skip=\(number)",
                    ]
                    where number != "0" && number != "1.5" {
                        expect(try await desk.media(.get, "\(path)?\(query)"), "\(path)?\(query)")
                    }
                }
                for path in ["/stream/cam/source/\(number).ts", "/ll/cam/source/\(number).m4s", "/ll/cam/source/0.\(number).m4s"] {
                    expect(try await desk.media(.get, path), path)
                    expect(try await desk.media(.get, path, [.range: "bytes=\(number)-\(number)"]), "range of \(path)")
                }
                expect(try await desk.media(.get, "/ai/trickle/cam-out/\(number)"), "trickle \(number)")
            }
            #expect(try await desk.get("/healthz").status == 200)
        }
    }

    @Test func operators() async throws {
        try await RunningDesk.serving(Self.settings) { desk in
            #expect(try await desk.push("cam") < 600)
            for number in Self.numbers {
                for path in [
                    "/routing/decisions?stream=cam&sequence=\(number)&last=\(number)", "/routing/decisions?stream=cam&last=\(number)",
                    "/marketplace/prices?latency=\(number)&unitsPerSecond=\(number)", "/price?latency=\(number)&unitsPerSecond=\(number)",
                    "/marketplace/offers?limit=\(number)&since=\(number)&last=\(number)", "/marketplace/usage?from=\(number)&to=\(number)",
                    "/marketplace/leaderboard?limit=\(number)&hours=\(number)",
                    "/marketplace/leaderboard/history?orchestrator=x&from=\(number)&to=\(number)", "/api/v1/streams?limit=\(number)",
                    "/setLogLevel?loglevel=\(number)", "/setBroadcastConfig?maxPricePerUnit=\(number)&pixelsPerUnit=\(number)",
                    "/setBroadcastConfig?maxPricePerUnit=1&pixelsPerUnit=\(number)",
                    "/setBroadcastConfig?maxPricePerUnit=\(number)&pixelsPerUnit=1",
                ] { expect(try await desk.get(path), path) }
                expect(try await desk.ask(.post, "/routing/log?state=\(number)"), "log \(number)")
            }
            for number in Self.literals {
                for key in [
                    "maxPricePerPixelWei", "latency", "p95", "minSamples", "latencyMs", "redundancy", "maxAttempts", "weight", "hedge",
                    "maxPrice",
                ] {
                    let body = #"{"\#(key)":\#(number)}"#
                    for path in ["/api/v1/sla", "/api/v1/tenants/acme/sla", "/api/v1/streams/cam/sla"] {
                        expect(try await desk.ask(.patch, path, body), "\(path) \(body)")
                    }
                    expect(try await desk.ask(.post, "/routing/sla", body), "/routing/sla \(body)")
                    expect(try await desk.ask(.post, "/api/v1/whatif", #"{"sla":\#(body)}"#), "whatif \(body)")
                    expect(try await desk.ask(.post, "/api/v1/whatif", body), "whatif \(body)")
                }
                for key in ["width", "height", "bitrate", "fps", "fpsDen", "quality", "gop"] {
                    let profile = #"{"name":"x","width":128,"height":72,"bitrate":100000,"\#(key)":\#(number)}"#
                    expect(try await desk.ask(.patch, "/api/v1/streams/cam", #"{"profiles":[\#(profile)]}"#), "profile \(profile)")
                    expect(try await desk.ask(.patch, "/api/v1/streams/cam", #"{"remove":[\#(number)]}"#), "remove \(number)")
                }
                for key in ["segmentSeconds", "latency", "maxPrice", "leastMemory", "minutes", "units", "seconds", "weights", "limit"] {
                    let body = #"{"pipeline":"transcode","profiles":"P144p30fps16x9","\#(key)":\#(number)}"#
                    expect(try await desk.ask(.post, "/marketplace/quote", body), "quote \(body)")
                }
                expect(
                    try await desk.ask(
                        .post, "/api/v1/orchestrators", #"{"address":"127.0.0.1:2","trust":\#(number),"priceCap":\#(number)}"#),
                    "orchestrator \(number)")
                expect(
                    try await desk.media(.post, "/live/video-to-video/cam/update", [:], ByteBuffer(string: #"{"x":\#(number)}"#)),
                    "update \(number)")
            }
            #expect(try await desk.get("/healthz").status == 200)
            #expect(try await desk.get("/api/v1/overview").status == 200)
        }
    }
}

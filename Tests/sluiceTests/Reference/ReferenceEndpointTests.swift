import Foundation
import HTTPTypes
import Testing

@testable import sluice

/// What scripts of go-livepeer's operators get, as captures/gw-cli.http has it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ReferenceEndpointTests {
    @Test func anIdleGatewayAnswersAsTheReferenceDoes() async throws {
        try await RunningDesk.serving("orchestrators: [\"127.0.0.1:1\"]\n") { desk in
            func same(_ path: String, _ text: String, _ type: String, line: Int = #line) async throws {
                let answer = try await desk.get(path)
                #expect(answer.status == 200 && answer.text == text && answer.headers[.contentType] == type, "\(path): \(answer)")
            }
            let (json, plain) = ("application/json", "text/plain; charset=utf-8")
            try await same("/getBroadcastConfig", #"{"MaxPrice":null,"TranscodingOptions":"P240p30fps16x9,P360p30fps16x9"}"#, json)
            try await same("/streamID", "/", plain)
            try await same("/manifestID", "", plain)
            try await same("/localStreams", "[]", json)
            try await same("/getAISessionPoolsInfo", "{}", json)
            try await same("/getLogLevel", "4", plain)
            let options = try await desk.get("/getAvailableTranscodingOptions")
            let names = try JSONDecoder().decode([String].self, from: Data(options.text.utf8))
            #expect(Set(names).isSuperset(of: ["P720p30fps16x9", "P360p30fps4x3", "P144p30fps16x9"]) && names.count == 13)
            let status = try await desk.get("/status")
            for key in [
                "Manifests", "InternalManifests", "StreamInfo", "OrchestratorPool", "OrchestratorPoolInfos", "Version",
                "GolangRuntimeVersion",
                "GOArch", "GOOS", "RegisteredTranscodersNumber", "RegisteredTranscoders", "LocalTranscoding", "BroadcasterPrices",
            ] { #expect(status.object[key] != nil, "\(key)") }
            #expect(
                status.text.contains(#""OrchestratorPoolInfos":[{"Latency":null,"Score":1,"Url":"https://127.0.0.1:1"}]"#), "\(status.text)"
            )
            #expect(status.object["streams"] != nil, "ours is in it too")
            let capabilities = try await desk.get("/getNetworkCapabilities")
            #expect(capabilities.text.contains(#""10":"H264 Constrained, Contained High profile""#) && capabilities.status == 200)
        }
    }

    @Test func whatIsMissingIsSaidInItsWords() async throws {
        try await RunningDesk.serving { desk in
            for (path, text) in [
                ("/setBroadcastConfig", "missing form params (maxPricePerUnit AND pixelsPerUnit) or transcodingOptions\n"),
                ("/setMaxPriceForCapability", "missing form param: maxPricePerUnit\n"), ("/setLogLevel", "missing form param: loglevel\n"),
                ("/setBroadcastConfig?maxPricePerUnit=x&pixelsPerUnit=1", "error parsing maxPricePerUnit value: x\n"),
                ("/setBroadcastConfig?maxPricePerUnit=1&pixelsPerUnit=0", "pixels per unit must be greater than 0, provided 0\n"),
            ] {
                // The reference looks at no method, and `curl` without more asks by GET.
                for method in [HTTPRequest.Method.get, .post] {
                    let answer = try await desk.ask(method, path)
                    #expect(answer.status == 400 && answer.text == text && answer.headers[.xContentTypeOptions] == "nosniff", "\(answer)")
                }
                #expect(try await desk.ask(.head, path).status == 405)
            }
        }
    }

    @Test func priceAndRenditionsAreSetByForm() async throws {
        try await RunningDesk.serving("profiles: none\n") { desk in
            let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
            let set = try await desk.ask(
                .post, "/setBroadcastConfig", "maxPricePerUnit=1200&pixelsPerUnit=7&transcodingOptions=P144p30fps16x9%2Cnone", form)
            #expect(set.status == 200 && set.text.isEmpty, "\(set)")
            let shown = try await desk.get("/getBroadcastConfig").text
            #expect(shown == #"{"MaxPrice":"1200/7","TranscodingOptions":"P144p30fps16x9"}"#)
            #expect(try await desk.get("/api/v1/sla").object["maxPricePerPixelWei"] as? Double ?? 0 > 171)
            _ = try await desk.ask(.post, "/setBroadcastConfig?maxPricePerUnit=0&pixelsPerUnit=1")
            #expect(try await desk.get("/getBroadcastConfig").text.contains("\"MaxPrice\":null"))
            #expect(try await desk.get("/setLogLevel?loglevel=6").status == 200)
            #expect(try await desk.get("/getLogLevel").text == "6")
        }
    }

    @Test func theMostForAModelIsSetByForm() async throws {
        try await RunningDesk.serving("profiles: none\n") { desk in
            func order(_ price: String, _ pipeline: String = "llm", currency: String = "wei") async throws -> RunningDesk.Answer {
                try await desk.ask(
                    .post,
                    "/setMaxPriceForCapability?maxPricePerUnit=\(price)&pixelsPerUnit=4&currency=\(currency)&pipeline=\(pipeline)&modelID=big"
                )
            }
            /// What a quote would hold to.
            func ceiling() async throws -> Double? {
                let quote = try await desk.ask(.post, "/marketplace/quote", #"{"pipeline": "llm", "model": "big", "unitsPerSecond": 1}"#)
                return quote.object["ceilingWei"] as? Double
            }
            let before = try await ceiling()
            #expect(try await order("12").status == 200)
            let after = try await ceiling()
            #expect(before == nil && after == 3, "\(String(describing: before)) \(String(describing: after))")
            #expect(try await order("40").status == 200, "another in its place")
            #expect(try await ceiling() == 10)
            let limits = try await desk.get("/api/v1/prices")
            #expect(
                limits.text.contains(#""capabilities":[{"isOrdered":true,"model":"big","pipeline":"llm","weiPerUnit":10}]"#)
                    && limits.object["node"] == nil, "\(limits.text)")
            #expect(try await desk.get("/api/v1/runners").text == #"{"runners":[]}"#)
            for (answer, text) in [
                (try await order("12", "transcode"), "invalid pipeline: transcode\n"),
                (try await order("0"), "price per unit must be greater than 0, provided 0\n"),
                (try await order("x"), "capability price has the price_per_unit x\n"),
                (try await order("1", currency: "a%20b"), "capability price asks 1.0 of the currency 'a b'\n"),
            ] { #expect(answer.status == 400 && answer.text == text, "\(answer)") }
        }
    }

    @Test func aLiveStreamHasItsManifest() async throws {
        try await RunningDesk.serving("profiles: P144p30fps16x9\n") { desk in
            #expect(try await desk.push("cam", 3) == 200)
            #expect(try await desk.get("/manifestID").text == "cam")
            #expect(try await desk.get("/streamID").text == "cam/source")
            let status = try await desk.get("/status").object
            let manifest = (status["Manifests"] as? [String: [String: Any]])?["cam"]
            let variants = try #require(manifest?["Variants"] as? [[String: Any]])
            #expect(variants.map { $0["URI"] as? String } == ["cam/source.m3u8", "cam/P144p30fps16x9.m3u8"])
            #expect(variants[1]["Bandwidth"] as? Int == 400_000 && variants[0]["Resolution"] as? String == "640x360")
            let segments = try #require((variants[0]["Chunklist"] as? [String: Any])?["Segments"] as? [Any])
            #expect(segments.count == 6 && (segments[0] as? [String: Any])?["URI"] as? String == "/stream/cam/source/3.ts")
            let bytes = (status["StreamInfo"] as? [String: [String: Int]])?["cam"]
            #expect((bytes?["SourceBytes"] ?? 0) > 1000 && (bytes?["TranscodedBytes"] ?? 0) > 1000)
        }
    }

    @Test(arguments: [(900.0, "900"), (0.75, "3/4"), (1200.0 / 7, "1200/7"), (1e-3, "1/1000"), (0.0, "0")])
    func pricesAreRational(value: Double, text: String) {
        #expect(BroadcastConfiguration.rational(value) == text)
    }
}

import Foundation
import HTTPTypes
import Testing

@testable import sluice

/// What a tenant may have, from the file to the door of a whole gateway.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantQuotaTests {
    private static let limited = """
        profiles: P144p30fps16x9
        tenants:
          acme:
            streams: [acme-]
            quota: {streams: 1, renditions: 1, pixelsPerSecond: 2M, moneyPerDay: 0.5 gwei}
        """

    @Test func oneTooManyIsToldSoAndNobodyElseIsTouched() async throws {
        try await RunningDesk.serving(Self.limited) { desk in
            let two = #"{"manifestID":"x","presets":["P144p30fps16x9","P240p30fps16x9"]}"#
            let wide = try await desk.push("acme-1", 0, token: nil, two)
            #expect(wide.status == 429 && wide.text.contains("may have 1 renditions of a stream, and 2 are asked for"), "\(wide)")
            let heavy = try await desk.push("acme-1", 0, token: nil, #"{"manifestID":"x","presets":["P720p30fps16x9"]}"#)
            #expect(heavy.status == 429 && heavy.text.contains("may have 2000000 pixels per second"), "\(heavy)")
            #expect(try await desk.push("acme-1", 0, token: nil).status == 200)
            let second = try await desk.push("acme-2", 0, token: nil)
            #expect(second.status == 429 && second.text.contains("tenant 'acme' has its 1 live streams"), "\(second)")
            #expect(try await desk.push("other", 0, token: nil, two).status == 200)
            let shown = try await desk.get("/api/v1/tenants/acme").object["quota"] as? [String: Any] ?? [:]
            #expect(shown["streams"] as? Int == 1 && shown["streamsNow"] as? Int == 1 && shown["renditions"] as? Int == 1, "\(shown)")
            #expect(shown["pixelsPerSecondNow"] as? Int == 256 * 144 * 30 && shown["weiPerDay"] as? String == "500000000", "\(shown)")
            #expect(
                shown["weiToday"] as? String == "0" && shown["isSpent"] as? Bool == false && shown["whenSpent"] as? String == "renditions")
            #expect(try await desk.media(.delete, "/live/acme-1").status == 204)
            try await soon("room again") { try await desk.push("acme-2", 0, token: nil).status == 200 }
        }
    }

    @Test func anotherLimitHoldsWithoutARestart() async throws {
        try await RunningDesk.serving(Self.limited) { desk in
            #expect(try await desk.push("acme-1", 0, token: nil).status == 200)
            #expect(try await desk.push("acme-2", 0, token: nil).status == 429)
            try desk.write(Self.limited.replacing("streams: 1,", with: "streams: 2,").replacing("2M", with: "4M"))
            #expect(try await desk.ask(.post, "/api/v1/config/reload").status == 200)
            #expect(try await desk.push("acme-2", 0, token: nil).status == 200)
        }
    }

    @Test(arguments: [
        ("streams: -1", "0 to 10000"), ("pixelsPerSecond: many", "150M"), ("moneyPerDay: 5 USD", "0.02 ETH"),
        ("moneyPerDay: -5", "0.02 ETH"),
        ("whenSpent: never", "renditions, stream"), ("renditions: x", "0 to 100"),
    ]) func whatIsNoLimitIsSaid(text: String, wish: String) throws {
        let error = #expect(throws: SettingsError.self) {
            try withSettingsFile("tenants:\n  acme:\n    quota: {\(text)}\n") { path in
                var reader = try SettingsReader(file: path, flags: [:], environment: [:])
                _ = try GatewayFileSettings(&reader)
            }
        }
        #expect(error?.description.contains(wish) == true, "\(String(describing: error))")
    }
}

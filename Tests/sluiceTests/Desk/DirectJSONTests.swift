import Foundation
import NIOCore
import Testing

@testable import sluice

@Suite struct DirectJSONTests {
    private struct Sample: Encodable {
        struct Inner: Encodable {
            var name: String
            var values: [Double?]
            var none: Int?
        }

        enum Kind: String, Encodable { case one, two }

        var text = "a \"quoted\" \\ back\nslash \u{1} \u{7f} é 日本 🎥"
        var flag = true
        var whole = -42
        var long = Int64.max
        var unsigned = UInt64.max
        var small: UInt8 = 7
        var half = 0.5
        var integral = 3.0
        var tiny = 1.5e-9
        var huge = 1.25e300
        var minus = -0.1
        var kind = Kind.two
        var nothing: String?
        var empty: [Inner] = []
        var emptyTable: [String: Int] = [:]
        var table = ["b": 2, "a \"x\"": 1]
        var inner = [Inner(name: "x", values: [1, nil, 2.25], none: nil), Inner(name: "", values: [], none: 3)]
        var nested = [[1, 2], [], [3]]
        var flags = [true, false]
        var optional: Inner? = Inner(name: "o", values: [nil], none: nil)
    }

    private func text(_ value: some Encodable) throws -> String {
        var buffer = ByteBuffer()
        try DirectJSON.write(value, to: &buffer)
        return String(buffer: buffer)
    }

    private func object(_ text: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    }

    @Test func itSaysTheSameAsFoundation() throws {
        let other = String(decoding: try JSONEncoder().encode(Sample()), as: UTF8.self)
        #expect(try object(try text(Sample())) == object(other))
    }

    @Test func valuesAloneAreJSON() throws {
        #expect(
            try text([1, 2]) == "[1,2]" && text("a") == "\"a\"" && text([String]()) == "[]" && text(["k": [nil, 1]]) == #"{"k":[null,1]}"#)
        #expect(throws: EncodingError.self) { try text([Double.nan]) }
        #expect(throws: EncodingError.self) { try text(["k": Double.infinity]) }
    }

    @Test func aWholeOverviewReadsAsItWas() async throws {
        try await RunningDesk.serving("profiles: none\norchestrators: [\"127.0.0.1:1\"]\n") { desk in
            for sequence in 0..<2 { _ = try await desk.push("cam", sequence) }
            let text = try await desk.events("?overview=on") { $0.contains("event: overview") && $0.hasSuffix("\n\n") }
            let line = try #require(text.split(separator: "\n").last { $0.hasPrefix("data: ") }?.dropFirst(6))
            let overview = try JSONDecoder().decode(Overview.self, from: Data(line.utf8))
            #expect(overview.streams.map(\.id) == ["cam"] && overview.orchestrators.map(\.id) == ["https://127.0.0.1:1"])
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            let (direct, other) = (try self.text(overview), String(decoding: try encoder.encode(overview), as: UTF8.self))
            #expect(try object(direct) == object(other) && direct.count == other.count)
        }
    }
}

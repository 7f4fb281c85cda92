import Foundation
import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// What the reference's orchestrator was asked of runners, and what it said: ours says the same.
@Suite(.timeLimit(.minutes(1))) struct RunnerRecordingTests {
    private struct Exchange: Decodable {
        var name: String
        var request: String
        var response: String
    }

    /// Tells what it was asked, as the recording's application did.
    private struct App: HTTPResponder {
        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
            let body = try await request.body.collect(upTo: 1 << 20)
            if request.head.path == "/health" { return try await writer.send(.ok) }
            var headers = [JSONTree.Member("Host", .text(request.head.authority ?? ""))]
            for field in request.head.headerFields { headers.append(JSONTree.Member(field.name.rawName, .text(field.value))) }
            let told = JSONTree.members([
                "path": .text(request.head.path ?? ""), "echo": .text(String(buffer: body)), "hdr": .object(headers),
            ])
            try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: told.text))
        }
    }

    /// Names that were drawn are numbered as they appear, in theirs and in ours.
    private struct Names {
        var known: [String] = []

        private static let pattern = #"(session|runner)_[a-z2-7]{8,}|\b[a-z2-7]{52}\b|\b[a-z2-7]{26}\b|(?<=-)[a-z2-7]{16}(?=-o2r)"#

        mutating func numbered(_ text: String) -> String {
            var text = text.replacing(/"timestamp":"20[0-9T:.-]+Z"/, with: "\"timestamp\":\"…\"")
            let expression = try? NSRegularExpression(pattern: Self.pattern)
            let range = NSRange(text.startIndex..., in: text)
            let found = expression?.matches(in: text, range: range).compactMap { Range($0.range, in: text).map { String(text[$0]) } } ?? []
            for name in found where !known.contains(name) { known.append(name) }
            for (number, name) in known.enumerated().sorted(by: { $0.element.count > $1.element.count }) {
                text = text.replacing(name, with: "#\(number)")
            }
            return text
        }
    }

    private func recorded() throws -> [Exchange] {
        try JSONDecoder().decode([Exchange].self, from: Data(try TrickleRecording.text("live-runners.json").utf8))
    }

    private static let compared = ["content-type", "allow", "location", "x-content-type-options", "lp-trickle-seq", "lp-trickle-latest"]

    @Test func theWholeRecording() async throws {
        let exchanges = try recorded()
        #expect(exchanges.count == 39)
        try await TestServer.serving(App(), tls: false) { app in
            let appPort = app.port
            try await RunnerDoor.opened(uri: "https://127.0.0.1:8945") { door in
                var theirs = Names()
                var ours = Names()
                for exchange in exchanges {
                    // In their words, as far as they are known.
                    _ = theirs.numbered(exchange.request)
                    var request = exchange.request.replacing("127.0.0.1:9977", with: "127.0.0.1:\(appPort)")
                    for (number, name) in theirs.known.enumerated() where number < ours.known.count {
                        request = request.replacing(name, with: ours.known[number])
                    }
                    if let body = request.range(of: "\r\n\r\n") {
                        let length = request[body.upperBound...].utf8.count
                        request = request.replacing(/Content-Length: [0-9]+/, with: "Content-Length: \(length)")
                    }
                    if exchange.name == "o2r-keepalive" {
                        let name = try #require(ours.known.first { request.contains($0) })
                        let channel = try #require(door.desk.channels.name(of: RunnerID(name)))
                        @Sendable func readers(_ count: Int) async throws {
                            try await door.until("\(count) read it") {
                                guard case .channel(let relay) = door.table.find(channel, for: .read) else { return false }
                                return relay.status.readers == count
                            }
                        }
                        // The one before may not have left yet.
                        try await readers(0)
                        let asked = request
                        async let answer = RawTrickle.ask(door.port, asked)
                        try await readers(1)
                        door.desk.channels.keepAlive()
                        let given = try await answer
                        #expect(given.body == #"{"keep":"alive"}"# && given["lp-trickle-seq"] == "2")
                        continue
                    }
                    let answer = try await RawTrickle.ask(door.port, request)
                    let expected = TrickleRecording.answer(exchange.response)
                    #expect(answer.status == expected.status, "\(exchange.name)")
                    for header in Self.compared {
                        let wanted = expected[header].map { theirs.numbered($0) }
                        #expect(answer[header].map { ours.numbered($0) } == wanted, "\(exchange.name): \(header)")
                    }
                    let body = answer.body.replacing("127.0.0.1:\(appPort)", with: "127.0.0.1:9977")
                    // Their application spaced its JSON, and was asked by a client that takes gzip.
                    if exchange.name == "session-app-post" || exchange.name == "single-shot" {
                        let wanted = theirs.numbered(expected.body).replacing(", \"Accept-Encoding\": \"gzip\"", with: "")
                        let given = try JSONTree(parsing: ours.numbered(body).utf8)
                        #expect(Set(Self.members(given)) == Set(Self.members(try JSONTree(parsing: wanted.utf8))), "\(exchange.name)")
                    } else {
                        #expect(ours.numbered(body) == theirs.numbered(expected.body), "\(exchange.name)")
                    }
                }
            }
        }
    }

    private static func members(_ tree: JSONTree) -> [String] {
        guard case .object(let members) = tree else { return [] }
        return members.flatMap { member in
            member.key == "hdr" ? Self.members(member.value).map { "hdr \($0)" } : ["\(member.key)=\(member.value.text)"]
        }
    }
}

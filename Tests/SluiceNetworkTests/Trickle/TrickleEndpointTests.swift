import NIOCore
import SluiceTypes
import Testing

@testable import SluiceNetwork
@testable import SluiceWire

/// What bad peers, and unlucky ones, get.
@Suite(.timeLimit(.minutes(1))) struct TrickleEndpointTests {
    /// Each of them panics in the reference, and the last leaves its channel locked for ever (specs/trickle-protocol §9.1).
    @Test(arguments: [
        ("GET", "-3"), ("GET", "-4"), ("POST", "-2"), ("POST", "-5"), ("GET", "9223372036854775807"), ("POST", "9223372036854775807"),
        ("GET", "99999999999999999999"), ("POST", "1e3"), ("DELETE", "-1"), ("DELETE", "-2"), ("DELETE", "-7"),
    ]) func noNumberMakesAChannelHang(method: String, index: String) async throws {
        try await TrickleDoor.opened { door in
            _ = try await door.ask("POST", "c/0", body: "zero")
            let bad = try await door.ask(method, "c/\(index)", body: "x")
            #expect(bad.code == 400)
            let post = try await door.ask("POST", "c/-1", body: "one")
            #expect(post["lp-trickle-seq"] == "1")
            let get = try await door.ask("GET", "c/-2")
            #expect(get.body == "one")
            let next = try await door.ask("GET", "c/next")
            #expect(next.body == "2")
            door.table.sweep(at: .now)
        }
    }

    @Test(arguments: ["POST", "GET", "DELETE"]) func aNameOfTenKilobytesIsRefused(method: String) async throws {
        try await TrickleDoor.opened { door in
            let answer = try await door.ask(method, String(repeating: "n", count: 10_000) + "/0", body: "x")
            #expect(answer.code == 414)
            #expect(answer.body == "a channel's name may have 256 bytes\n")
        }
    }

    @Test(arguments: [".", "%2e%2e", "a%2fb", "a%00b", "", String(repeating: "n", count: 257)]) func aNameThatIsNoneIsRefused(
        name: String
    ) async throws {
        try await TrickleDoor.opened { door in
            let answer = try await door.ask("POST", "\(name)/0", body: "x")
            #expect([400, 404].contains(answer.code))
            #expect(door.table.statuses.isEmpty)
        }
    }

    @Test func aSegmentWithoutEndIsEndedAndItsReadersGoOn() async throws {
        try await TrickleDoor.opened({ $0.limits.mostSegmentBytes = 100_000 }) { door in
            try door.table.create("c", contentType: "")
            try await withThrowingTaskGroup(of: RawTrickle.Answer.self) { group in
                group.addTask { try await door.ask("GET", "c/0") }
                try await door.readers(1, of: "c")
                let refused = try await RawTrickle.connected(to: door.port) { raw in
                    try await raw.say("POST /ai/trickle/c/0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for _ in 0..<20 { try? await raw.say(chunk: String(repeating: "x", count: 10_000)) }
                    return try await raw.answer()
                }
                #expect(refused.code == 413)
                #expect(refused.body == "a segment may have 100000 bytes; end it and go on with the next number\n")
                let read = try #require(try await group.next())
                #expect(!read.body.isEmpty)
                #expect(read.trailers["lp-trickle-cut"] == "too-large")
            }
            let next = try await door.ask("POST", "c/1", body: "fine")
            #expect(next.code == 200)
        }
    }

    @Test func theServersMemoryIsBounded() async throws {
        try await TrickleDoor.opened({ $0.mostBytes = 50_000 }) { door in
            for number in 0..<20 {
                let answer = try await door.ask("POST", "a/\(number)", body: String(repeating: "x", count: 5000))
                #expect(answer.code == 200)
            }
            #expect(door.table.bytesHeld <= 50_000)
            // Nothing of its own to give up, and the other's is not taken.
            let refused = try await door.ask("POST", "b/0", body: String(repeating: "x", count: 20_000))
            #expect(refused.code == 429)
            #expect(refused.body.hasPrefix("the server's channels hold 50000 bytes"))
            // What a closed channel holds is given up for it.
            door.table.close("a")
            let taken = try await door.ask("POST", "b/1", body: String(repeating: "x", count: 20_000))
            #expect(taken.code == 200)
            door.table.close("b")
            door.table.sweep(at: .now.advanced(by: .seconds(31)))
            try await door.bytesHeld(0)
        }
    }

    @Test func noMoreChannelsThanTheMost() async throws {
        try await TrickleDoor.opened({ $0.mostChannels = 2 }) { door in
            for name in ["a", "b"] { _ = try await door.ask("POST", name) }
            let third = try await door.ask("POST", "c")
            #expect(third.code == 429)
            _ = try await door.ask("DELETE", "a")
            let again = try await door.ask("POST", "c")
            #expect(again.code == 200)
        }
    }

    /// It takes nothing while the others get all, and finds the live edge when it comes back.
    @Test func aReaderThatStopsReadingSlowsNobody() async throws {
        try await TrickleDoor.opened({ settings in
            settings.limits.keepTime = .zero
            settings.limits.leastSegments = 1
        }) { door in
            try door.table.create("c", contentType: "")
            let relay = try door.relay("c")
            try await RawTrickle.connected(to: door.port, receiveBuffer: 4096) { stuck in
                try await stuck.say("GET /ai/trickle/c/0 HTTP/1.1\r\nHost: x\r\n\r\n")
                try await door.readers(1, of: "c")
                try await withThrowingTaskGroup(of: RawTrickle.Answer.self) { group in
                    group.addTask { try await door.ask("GET", "c/0") }
                    try await door.readers(2, of: "c")
                    guard case .segment(let segment) = relay.open(0, resets: false) else { return }
                    for _ in 0..<300 { _ = relay.append(ByteBuffer(repeating: 65, count: 50_000), to: segment) }
                    _ = relay.finish(segment)
                    let read = try #require(try await group.next())
                    #expect(read.body.utf8.count == 15_000_000)
                }
                #expect(relay.status.readers == 1)
                #expect(relay.status.largestLag > 1_000_000)
                // The next segments push it out of the window.
                for number in 1...3 { try door.write("next", to: Int64(number), of: "c") }
                try await door.readers(0, of: "c")
                let answer = try await stuck.answer()
                // Its connection breaks where it took nothing at that moment; where it just had room, the end says that something is missing.
                #expect(answer.isBroken || answer.trailers["lp-trickle-cut"] == "lagged")
            }
            let again = try await door.ask("GET", "c/0")
            #expect(again.code == 470)
            #expect(again["lp-trickle-latest"] == "4")
            #expect(door.table.metrics.cut.value == 1)
        }
    }

    @Test func aReaderThatGoesAwayIsForgotten() async throws {
        try await TrickleDoor.opened { door in
            try door.table.create("c", contentType: "")
            try await RawTrickle.connected(to: door.port) { raw in
                try await raw.say("GET /ai/trickle/c/0 HTTP/1.1\r\nHost: x\r\n\r\n")
                try await door.readers(1, of: "c")
            }
            try await door.readers(0, of: "c")
            #expect(door.table.metrics.readers.value == 0)
        }
    }

    @Test(arguments: [false, true]) func aLostPublisherEndsItsSegment(drops: Bool) async throws {
        try await TrickleDoor.opened { door in
            try door.table.create("c", contentType: "")
            try await withThrowingTaskGroup(of: RawTrickle.Answer.self) { group in
                group.addTask { try await door.ask("GET", "c/0", headers: drops ? ["Lp-Trickle-On-Cut: drop"] : []) }
                try await door.readers(1, of: "c")
                try await RawTrickle.connected(to: door.port) { raw in
                    try await raw.say("POST /ai/trickle/c/0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                    try await raw.say(chunk: "half")
                    try await door.bytes(4, of: "c")
                }
                let read = try #require(try await group.next())
                #expect(read.body == "half")
                #expect(read.isBroken == drops)
                #expect(read.trailers["lp-trickle-cut"] == (drops ? nil : "publisher-lost"))
            }
        }
    }

    /// Both are taken, as the reference has it: a client that tries again must not be refused.
    @Test func twoPublishersOfOneNumberAreBothHeard() async throws {
        try await TrickleDoor.opened { door in
            let both = try await RawTrickle.connected(to: door.port) { first in
                try await first.say("POST /ai/trickle/c/0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await first.say(chunk: "Hello")
                try await door.bytes(5, of: "c")
                let second = try await door.ask("POST", "c/0", body: "Goodby")
                #expect(second.code == 200)
                // The second's end was the segment's; the first is heard out.
                try await first.say(chunk: "World")
                try await first.endBody()
                return try await first.answer()
            }
            #expect(both.code == 200)
            let read = try await door.ask("GET", "c/0")
            #expect(read.body == "HelloGoodby")
        }
    }

    @Test func aSecretURLIsGoodForOneDirection() async throws {
        try await TrickleDoor.opened { door in
            let names = try door.table.createPair("cam", contentType: "video/MP2T")
            #expect(names.read != names.write)
            let written = try await door.ask("POST", "\(names.write)/0", body: "zero")
            #expect(written.code == 200)
            let read = try await door.ask("GET", "\(names.read)/0")
            #expect(read.body == "zero")
            let wrong = [
                try await door.ask("POST", "\(names.read)/1", body: "no"), try await door.ask("POST", names.read),
                try await door.ask("DELETE", names.read), try await door.ask("DELETE", "\(names.read)/0"),
                try await door.ask("GET", "\(names.write)/0"),
            ]
            #expect(wrong.map(\.code) == [403, 403, 403, 403, 403])
            let next = try await door.ask("GET", "\(names.write)/next")
            #expect(next.body == "1")
            #expect(door.table.statuses.map(\.name) == ["cam"])
            let deleted = try await door.ask("DELETE", names.write)
            #expect(deleted.code == 200)
            let kept = try await door.ask("GET", "\(names.read)/0")
            #expect(kept.body == "zero")
            let gone = try await door.ask("GET", "\(names.read)/1")
            #expect(gone.code == 404)
        }
    }

    /// The announcement of the next segment and the DELETE come by two connections, in any order.
    @Test func anAnnouncementThatComesAfterTheEndDoesNotBringTheChannelBack() async throws {
        try await TrickleDoor.opened { door in
            for number in 0...1 { _ = try await door.ask("POST", "c/\(number)", body: "x") }
            _ = try await door.ask("DELETE", "c")
            for number in 2...3 {
                let late = try await door.ask("POST", "c/\(number)", body: "x")
                #expect(late.code == 200)
                #expect(late["lp-trickle-closed"] == "terminated")
                #expect(late["lp-trickle-seq"] == "\(number)")
            }
            #expect(door.table.statuses.isEmpty)
            let reader = try await door.ask("GET", "c/2")
            #expect(reader.code == 404)
            // One that begins is another matter.
            let resets = try await door.ask("POST", "c/2", headers: ["Lp-Trickle-Reset: 1"], body: "x")
            #expect(resets["lp-trickle-closed"] == nil)
            _ = try await door.ask("DELETE", "c")
            let again = try await door.ask("POST", "c/0", body: "x")
            #expect(again["lp-trickle-closed"] == nil)
            #expect(door.table.statuses.map(\.name) == ["c"])
        }
    }

    @Test func aSegmentThatIsOverCanBeCached() async throws {
        try await TrickleDoor.opened { door in
            _ = try await door.ask("POST", "c/0", body: "zero")
            let whole = try await door.ask("GET", "c/0")
            #expect(whole["content-length"] == "4")
            #expect(whole["cache-control"] == "max-age=30")
            let tag = try #require(whole["etag"])
            let same = try await door.ask("GET", "c/0", headers: ["If-None-Match: \(tag)"])
            #expect(same.code == 304)
            _ = try await door.ask("DELETE", "c")
            _ = try await door.ask("POST", "c/0", body: "other")
            let other = try await door.ask("GET", "c/0", headers: ["If-None-Match: \(tag)"])
            #expect(other.body == "other")
        }
    }

    @Test func timeFromFirstByteInToFirstByteOutIsMeasured() async throws {
        try await TrickleDoor.opened { door in
            try door.table.create("c", contentType: "")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await door.ask("GET", "c/0") }
                try await door.readers(1, of: "c")
                _ = try await door.ask("POST", "c/0", body: "zero")
                try await group.waitForAll()
            }
            // It has left a moment after its answer.
            try await door.readers(0, of: "c")
            let status = try #require(door.table.statuses.first)
            #expect(status.delays.count == 1)
            #expect(status.delays.longest > .zero)
            #expect(status.status.counts == TrickleCounts(bytesIn: 4, bytesOut: 4, lagged: 0))
            #expect(door.registry.render().contains("sluice_trickle_first_byte_seconds_count 1\n"))
        }
    }

    @Test func idleChannelsAreClosedButNotTheFeedOfChanges() async throws {
        try await TrickleDoor.opened({ $0.changefeed = true }) { door in
            try door.table.create("c", contentType: "")
            door.table.sweep(at: .now.advanced(by: .seconds(299)))
            #expect(door.table.statuses.map(\.name) == ["_changes", "c"])
            door.table.sweep(at: .now.advanced(by: .seconds(301)))
            #expect(door.table.statuses.map(\.name) == ["_changes"])
            let change = try await door.ask("GET", "_changes/-2")
            #expect(change.body == #"{"removed":["c"]}"#)
            let write = try await door.ask("POST", "_changes/-1", body: "no")
            #expect(write.code == 403)
        }
    }

    @Test func everybodyWhoWaitsIsAnsweredAtTheEnd() async throws {
        try await TrickleDoor.opened { door in
            try door.table.create("c", contentType: "")
            try await withThrowingTaskGroup(of: RawTrickle.Answer.self) { group in
                group.addTask { try await door.ask("GET", "c/0") }
                group.addTask {
                    try await RawTrickle.connected(to: door.port) { raw in
                        try await raw.say("POST /ai/trickle/c/0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                        return try await raw.answer()
                    }
                }
                try await door.readers(1, of: "c")
                try await door.writers(1, of: "c")
                door.table.closeAll()
                for try await answer in group { #expect(answer["lp-trickle-closed"] == "terminated") }
            }
        }
    }
}

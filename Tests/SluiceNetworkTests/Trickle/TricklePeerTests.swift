import Foundation
import NIOCore
import NIOPosix
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// pytrickle itself, as it is on PyPI, at the other end. Needs python3 with aiohttp and pytrickle (scripts/test installs them).
@Suite(.timeLimit(.minutes(2))) struct TricklePeerTests {
    private static let count = 12

    private static func segment(_ number: Int) -> String {
        (0..<3).map { String(repeating: "segment \(number) piece \($0)\n", count: 1000) }.joined()
    }

    private static func heard(contentType: String) -> String {
        (0..<count).map { "[\($0) \(contentType)]\n" + segment($0) }.joined()
    }

    private func python(_ arguments: String...) async throws -> String {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fixtures/wire/pytrickle_peer.py")
        let log = FileManager.default.temporaryDirectory.appending(path: "pytrickle-\(UUID().uuidString)")
        try Data().write(to: log)
        defer { try? FileManager.default.removeItem(at: log) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-W", "ignore", script.standardizedFileURL.path] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: log)
        // It complains there of every connection that ends with its channel.
        process.standardError = FileHandle.nullDevice
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do { try process.run() } catch {
                process.terminationHandler = nil
                done.resume(throwing: error)
            }
        }
        return try String(contentsOf: log, encoding: .utf8)
    }

    /// What came of one exchange: what pytrickle's programs said, and what we read.
    private struct Outcome: Sendable {
        var published = "published\n"
        var theirs = ""
        var ours: [String] = []

        /// Its programs say so when nothing happened to them for a long time, and what they waited for.
        var isStuck: Bool { (published + theirs).contains("failed: nothing came of it") }
    }

    @Test(arguments: [false, true]) func itsPublisherIsReadByItsSubscriberAndByOurs(tls: Bool) async throws {
        let outcome = try await published(tls: tls)
        #expect(outcome.published == "published\n")
        #expect(outcome.ours == (0..<Self.count).map(Self.segment))
        #expect(outcome.theirs == Self.heard(contentType: "video/MP2T"), "\(outcome.theirs.suffix(3000))")
    }

    private func published(tls: Bool) async throws -> Outcome {
        var outcome = Outcome()
        try await TrickleDoor.opened(tls: tls) { door in
            try door.table.create("c", contentType: "video/MP2T")
            let url = "\(tls ? "https" : "http")://127.0.0.1:\(door.port)/ai/trickle/c"
            var settings = TrickleHTTPSubscriber.Settings()
            settings.start = .number(0)
            outcome = try await TrickleHTTPSubscriber.reading(
                try TrickleURL(url), settings: settings, group: MultiThreadedEventLoopGroup.singleton
            ) { subscriber in
                async let theirs = python("subscribe", url)
                async let published = python("publish", url, "\(Self.count)")
                var outcome = Outcome()
                do {
                    for number in 0..<Self.count {
                        let segment = try #require(try await subscriber.next())
                        #expect(segment.sequence == Int64(number))
                        outcome.ours.append(String(buffer: try await segment.collect(upTo: 1 << 20)))
                    }
                    outcome.published = try await published
                    // As long as it may be stuck.
                    try await door.readers(2, of: "c", within: .seconds(16))
                    door.table.close("c")
                    let end = try await subscriber.next()
                    #expect(end == nil)
                } catch {
                    // Its side of the story says more.
                    outcome.published = try await published
                    guard outcome.isStuck else {
                        Issue.record("\(error); pytrickle says: \(outcome.published)")
                        throw error
                    }
                    door.table.close("c")
                }
                outcome.theirs = try await theirs
                return outcome
            }
        }
        return outcome
    }

    @Test func itsSubscriberReadsOurPublisher() async throws {
        let outcome = try await subscribed()
        #expect(outcome.theirs == Self.heard(contentType: "video/mp2t"), "\(outcome.theirs.suffix(3000))")
    }

    private func subscribed() async throws -> Outcome {
        var outcome = Outcome()
        try await TrickleDoor.opened { door in
            try door.table.create("c", contentType: "video/mp2t")
            let url = "http://127.0.0.1:\(door.port)/ai/trickle/c"
            outcome.theirs = try await TrickleHTTPPublisher.writing(try TrickleURL(url), group: MultiThreadedEventLoopGroup.singleton) {
                publisher in
                async let theirs = python("subscribe", url)
                try await door.readers(1, of: "c")
                for number in 0..<Self.count {
                    let segment = try await publisher.open()
                    try await segment.write(ByteBuffer(string: Self.segment(number)))
                    try await segment.finish()
                }
                try await publisher.close()
                return try await theirs
            }
        }
        return outcome
    }
}

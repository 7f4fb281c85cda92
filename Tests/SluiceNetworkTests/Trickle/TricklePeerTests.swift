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

    @Test(arguments: [false, true]) func itsPublisherIsReadByItsSubscriberAndByOurs(tls: Bool) async throws {
        try await TrickleDoor.opened(tls: tls) { door in
            try door.table.create("c", contentType: "video/MP2T")
            let url = "\(tls ? "https" : "http")://127.0.0.1:\(door.port)/ai/trickle/c"
            var settings = TrickleHTTPSubscriber.Settings()
            settings.start = .number(0)
            try await TrickleHTTPSubscriber.reading(
                try TrickleURL(url), settings: settings, group: MultiThreadedEventLoopGroup.singleton
            ) { subscriber in
                async let theirs = python("subscribe", url)
                async let published = python("publish", url, "\(Self.count)")
                do {
                    for number in 0..<Self.count {
                        let segment = try #require(try await subscriber.next())
                        #expect(segment.sequence == Int64(number))
                        let text = try await segment.collect(upTo: 1 << 20)
                        #expect(String(buffer: text) == Self.segment(number))
                    }
                } catch {
                    // Its side of the story says more.
                    Issue.record("\(error); pytrickle says: \(try await published)")
                    throw error
                }
                #expect(try await published == "published\n")
                try await door.readers(2, of: "c")
                door.table.close("c")
                let end = try await subscriber.next()
                #expect(end == nil)
                #expect(try await theirs == Self.heard(contentType: "video/MP2T"))
            }
        }
    }

    @Test func itsSubscriberReadsOurPublisher() async throws {
        try await TrickleDoor.opened { door in
            try door.table.create("c", contentType: "video/mp2t")
            let url = "http://127.0.0.1:\(door.port)/ai/trickle/c"
            try await TrickleHTTPPublisher.writing(try TrickleURL(url), group: MultiThreadedEventLoopGroup.singleton) { publisher in
                async let theirs = python("subscribe", url)
                try await door.readers(1, of: "c")
                for number in 0..<Self.count {
                    let segment = try await publisher.open()
                    try await segment.write(ByteBuffer(string: Self.segment(number)))
                    try await segment.finish()
                }
                try await publisher.close()
                let heard = try await theirs
                #expect(heard == Self.heard(contentType: "video/mp2t"), "\(heard.prefix(200))")
            }
        }
    }
}

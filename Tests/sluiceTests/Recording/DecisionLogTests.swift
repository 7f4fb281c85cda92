import Foundation
import Logging
import SluiceTypes
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct DecisionLogTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: url) }
        try await body(url)
    }

    private func lines(_ url: URL) throws -> [DecisionReport] {
        try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(DecisionReport.self, from: Data($0.utf8))
        }
    }

    private func decisions(_ count: Int64) throws -> RecordedDecisions {
        var decisions = RecordedDecisions()
        for sequence in 0..<count { decisions.served(sequence, stream: try #require(StreamID("cam"))) }
        return decisions
    }

    @Test func aLineForEachDecisionWhileItIsOn() async throws {
        try await withFolder { folder in
            let file = folder.appendingPathComponent("decisions.jsonl")
            let log = try DecisionLog(path: file.path, largest: 1 << 20, isOn: false, logger: Self.quiet)
            async let running: Void = log.run()
            let all = try decisions(4).all.map(\.decision)
            log.log(all[0])
            log.turn(on: true)
            log.log(all[1])
            log.log(all[2])
            log.turn(on: false)
            log.log(all[3])
            log.finish()
            await running
            #expect(try lines(file).map(\.sequence) == [1, 2])
            #expect(log.status.written == 2 && !log.status.isOn && log.status.dropped == 0 && log.status.failure == nil)
        }
    }

    @Test func aFullFileIsKeptOnceAndBegunAnew() async throws {
        try await withFolder { folder in
            let file = folder.appendingPathComponent("decisions.jsonl")
            let log = try DecisionLog(path: file.path, largest: 2000, isOn: true, logger: Self.quiet)
            async let running: Void = log.run()
            for one in try decisions(20).all { log.log(one.decision) }
            log.finish()
            await running
            #expect(log.status.written == 20)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["decisions.jsonl", "decisions.jsonl.1"])
            let kept = try lines(URL(fileURLWithPath: file.path + ".1")) + lines(file)
            #expect(kept.count < 20 && kept.last?.sequence == 19)
            #expect(kept.map(\.sequence) == Array((20 - Int64(kept.count))..<20))
            let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int
            #expect(size ?? .max <= 2000)
        }
    }

    @Test func aLogIsAddedToAfterAStart() async throws {
        try await withFolder { folder in
            let file = folder.appendingPathComponent("decisions.jsonl")
            for _ in 0..<2 {
                let log = try DecisionLog(path: file.path, largest: 1 << 20, isOn: true, logger: Self.quiet)
                log.log(try #require(try decisions(1).all.first).decision)
                log.finish()
                await log.run()
            }
            #expect(try lines(file).count == 2)
        }
        #expect(throws: SettingsError.self) { try DecisionLog(path: "/nowhere/d.jsonl", largest: 1, isOn: true, logger: Self.quiet) }
    }
}

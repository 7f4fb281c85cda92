import Logging
import NIOPosix
import SluiceNetwork
import SluiceWire
import Testing

@testable import sluice

@Suite(.timeLimit(.minutes(1))) struct HLSCheckTests {
    /// Rules found broken by following a made-up stream to its end.
    private func rules(_ fault: MadeUpStream.Fault) async throws -> (Set<HLSRule>, readings: Int) {
        let server = HTTPServer(
            host: "127.0.0.1", port: 0, tls: nil, responder: MadeUpStream(fault), group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let port = try await server.start()
        let findings = FindingList { _ in }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            let address = try WebAddress("http://127.0.0.1:\(port)/ll/source.m3u8")
            _ = try await HLSCheck(address: address, length: .seconds(50), findings: findings).run()
        }
        return (Set(findings.entries.map(\.first.rule)), findings.readings)
    }

    @Test func aGoodStreamIsCleanToItsEnd() async throws {
        let (rules, readings) = try await rules(.none)
        #expect(rules == [])
        #expect(readings > 50)
    }

    @Test(
        arguments: [
            (.movesPartTarget, .partTargetConstant), (.answersEarly, .reloadHasWhatWasAsked), (.acceptsBadQueries, .farFutureRefused),
            (.acceptsBadQueries, .partAloneRefused), (.acceptsBadQueries, .badNumberRefused), (.hintsAnother, .hintKept),
            (.wrongSegment, .segmentIsItsParts), (.forgetsRanges, .rangeHonoured), (.forgetsRanges, .rangeOutsideRefused),
        ] as [(MadeUpStream.Fault, HLSRule)])
    func findsTheFault(_ fault: MadeUpStream.Fault, _ rule: HLSRule) async throws {
        let (rules, _) = try await rules(fault)
        #expect(rules.contains(rule), "\(rules)")
    }

    @Test func countsARuleOnceForEachPlaylist() {
        let findings = FindingList { _ in }
        findings.add([.init(.partKept, "a"), .init(.partKept, "b")], at: "x")
        findings.add([.init(.partKept, "c")], at: "y")
        #expect(findings.entries.map(\.count) == [2, 1])
        #expect(findings.entries.map(\.first.what) == ["a", "c"])
    }
}

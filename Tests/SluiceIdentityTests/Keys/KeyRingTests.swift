import Foundation
import Synchronization
import Testing

@testable import SluiceIdentity

@Suite(.timeLimit(.minutes(1))) struct KeyRingTests {
    /// A source whose answers the test sets.
    private final class Source: Sendable {
        let answer = Mutex<Result<Data, any Error>>(.failure(KeySet.Fault(description: "nothing yet")))
        let asked = Mutex(0)
        let reports = Mutex<[KeyRing.Report]>([])

        func set(_ signer: Signer) throws {
            let document = try Signer.document([signer.jwk])
            answer.withLock { $0 = .success(document) }
        }

        func ring(pause: Duration) -> KeyRing {
            var settings = KeyRing.Settings()
            settings.pause = pause
            return KeyRing(settings, report: { report in self.reports.withLock { $0.append(report) } }) {
                self.asked.withLock { $0 += 1 }
                return try await KeySet(document: try self.answer.withLock { $0 }.get())
            }
        }

        func running(pause: Duration, _ body: (TokenVerifier, KeyRing) async throws -> Void) async throws {
            let ring = ring(pause: pause)
            let verifier = TokenVerifier(TokenPolicy(audience: "sluice"), ring: ring, clock: { Signer.now })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await ring.run() }
                try await body(verifier, ring)
                group.cancelAll()
            }
        }
    }

    @Test func aNewKeyIsFetchedWhenATokenNamesIt() async throws {
        let source = Source()
        let (old, new) = (Signer(), Signer())
        try source.set(old)
        try await source.running(pause: .zero) { verifier, _ in
            // The first of all waits for the keys.
            #expect(try await verifier.verdict(on: old.token()).isGood)
            var other = new.jwk
            other["kid"] = "two"
            let both = try Signer.document([old.jwk, other])
            source.answer.withLock { $0 = .success(both) }
            let token = try await new.token(kid: "two")
            #expect(verifier.known(token) == nil, "not known at once")
            #expect(await verifier.verdict(on: token).isGood)
            #expect(verifier.known(token)?.isGood == true)
        }
    }

    @Test func keysThatWereReadBeforeHoldBeforeItRunsAndAfterItsEnd() async throws {
        let signer = Signer()
        let first = try await KeySet(document: try Signer.document([signer.jwk]))
        let ring = KeyRing(KeyRing.Settings(), first: first, report: { _ in }) { throw KeySet.Fault(description: "down") }
        let verifier = TokenVerifier(TokenPolicy(audience: "sluice"), ring: ring, clock: { Signer.now })
        let token = try await signer.token()
        #expect(verifier.known(token)?.isGood == true)
        async let running: Void = ring.run()
        ring.finish()
        await running
        #expect(verifier.known(token)?.isGood == true)
        // Nobody waits for keys that nobody reads any more.
        let stranger = try await Signer().token(kid: "other")
        #expect(await verifier.verdict(on: stranger) == .failure(.unknownKey("other")))
    }

    @Test func unknownKeysDoNotHaveTheSourceAskedAgainAndAgain() async throws {
        let source = Source()
        try source.set(Signer())
        try await source.running(pause: .seconds(600)) { verifier, ring in
            await ring.renewed()
            for name in 0..<50 {
                let token = try await Signer().token(kid: "made-up-\(name)")
                #expect(await verifier.verdict(on: token) == .failure(.unknownKey("made-up-\(name)")))
            }
            #expect(source.asked.withLock { $0 } == 1)
        }
    }

    @Test func aSourceThatIsDownKeepsTheKeysAndSaysSoOnce() async throws {
        let source = Source()
        let signer = Signer()
        try source.set(signer)
        try await source.running(pause: .zero) { verifier, ring in
            #expect(await verifier.verdict(on: try await signer.token()).isGood)
            source.answer.withLock { $0 = .failure(KeySet.Fault(description: "down")) }
            for _ in 0..<5 { await ring.renewed() }
            #expect(await verifier.verdict(on: try await signer.token()).isGood)
            try source.set(signer)
            await ring.renewed()
        }
        let reports = source.reports.withLock { $0 }
        #expect(reports == [.took(count: 1, leftOut: []), .failed("down"), .took(count: 1, leftOut: [])])
    }

    @Test func withoutKeysNobodyIsLetInAndNobodyHangs() async throws {
        let source = Source()
        try await source.running(pause: .seconds(600)) { verifier, _ in
            let token = try await Signer().token()
            #expect(await verifier.verdict(on: token) == .failure(.noKeys))
            #expect(verifier.known(token) == .failure(.noKeys))
        }
        let over = source.ring(pause: .zero)
        await withDiscardingTaskGroup { group in
            group.addTask { await over.run() }
            group.cancelAll()
        }
        await over.renewed()
    }

    @Test func whatWasFoundGoodIsRememberedUntilItEnds() async throws {
        let source = Source()
        let signer = Signer()
        try source.set(signer)
        let time = Mutex(Signer.now)
        let ring = source.ring(pause: .zero)
        let clock: @Sendable () -> Int64 = { time.withLock { $0 } }
        let verifier = TokenVerifier(TokenPolicy(audience: "sluice"), ring: ring, clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await ring.run() }
            await ring.renewed()
            let token = try await signer.token()
            #expect(verifier.known(token)?.isGood == true)
            let began = ContinuousClock.now
            for _ in 0..<10_000 { #expect(verifier.known(token)?.isGood == true) }
            let each = began.duration(to: .now) / 10_000
            // A signature takes a hundred microseconds and more in a debug build; this is a look into a table.
            #expect(each < .microseconds(60), "\(each)")
            time.withLock { $0 += 91 }
            #expect(verifier.known(token) == .failure(.expired(seconds: 31)))
            group.cancelAll()
        }
    }
}

extension TokenVerifier.Verdict {
    fileprivate var isGood: Bool { if case .success = self { true } else { false } }
}

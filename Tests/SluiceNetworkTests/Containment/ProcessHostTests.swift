import Foundation
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import Testing

@testable import SluiceNetwork

@Suite(.timeLimit(.minutes(3))) struct ProcessHostTests {
    private static let web = ["python3", "-u", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]

    private func host(_ owner: String) -> ProcessHost {
        ProcessHost(owner: owner, address: "http://orchestrator:8935", group: MultiThreadedEventLoopGroup.singleton)
    }

    @Test func aProgramIsStartedOfferedRestartedAndEnded() async throws {
        let process = ProcessOrder(command: Self.web, directory: "/usr")
        try await Keeping.of([Keeping.order("web", .process(process))]) { keeping in
            let first = try await keeping.well("web")
            let place = try #require(first.place)
            #expect(keeping.door.book.offers.map(\.facts.url) == [place.url])
            let answer = try await keeping.door.ask("GET", "/apps/web/app/")
            #expect(answer.code == 200 && answer.body.contains("lib/"), "\(answer)")
            try await keeping.logs("web") { $0.contains("GET /") }
            // A session that it has ends with it.
            kill(try #require(pid_t(place.id)), SIGKILL)
            try await keeping.door.until("nobody is sent there") { keeping.door.book.offers.isEmpty }
            let second = try await keeping.until("web", "it comes back") { $0.phase == .healthy && $0.place?.id != place.id }
            #expect(second.restarts == 1 && second.lastFault == "it was ended by signal 9" && second.id == first.id)
        }
    }

    @Test func oneThatDoesNotHearIsEndedWithItsChildren() async throws {
        let script = "trap '' TERM; sleep 1000 & echo child $!; exec python3 -u -m http.server {port} --bind 127.0.0.1"
        let order = Keeping.order("deaf", .process(ProcessOrder(command: ["sh", "-c", script], environment: ["A": "b"])))
        let processes = Started()
        try await Keeping.of([order], settings: Keeping.settings(stop: .milliseconds(300))) { keeping in
            let place = try #require(try await keeping.well("deaf").place)
            try await keeping.logs("deaf") { $0.hasPrefix("child ") }
            let line = try #require(keeping.keeper.log(of: "deaf")?.first { $0.hasPrefix("child ") })
            processes.add([try #require(pid_t(place.id)), try #require(pid_t(line.dropFirst("child ".count)))])
            #expect(processes.all.allSatisfy(Keeping.lives))
        }
        try await processes.untilGone()
    }

    /// As the first process of a container is deaf that has no ear for it.
    @Test func oneThatIsDeafItselfIsKilledAtTheEnd() async throws {
        let script = "trap '' TERM; exec python3 -u -m http.server {port} --bind 127.0.0.1"
        let order = Keeping.order("stone", .process(ProcessOrder(command: ["sh", "-c", script])))
        let processes = Started()
        try await Keeping.of([order], settings: Keeping.settings(stop: .milliseconds(300))) { keeping in
            let place = try #require(try await keeping.well("stone").place)
            processes.add([try #require(pid_t(place.id))])
        }
        try await processes.untilGone()
    }

    @Test func whatAnOrchestratorLeftBehindIsRemovedByTheNext() async throws {
        let owner = "test-\(UUID().uuidString)"
        let order = Keeping.order("left", .process(ProcessOrder(command: ["sh", "-c", "sleep 1000 & setsid sleep 1000 & wait"])))
        let (left, other) = (host(owner), host(owner + "-other"))
        let place = try await left.launch(order, log: RunnerLog())
        let foreign = try await other.launch(order, log: RunnerLog())
        let processes = Started()
        processes.add([try #require(pid_t(place.id))])
        // The shell and its two children, of which one has left its group.
        #expect(try await host(owner).clear(keeping: [order]) >= 1)
        #expect(try await host(owner).clear(keeping: [order]) == 0)
        try await processes.untilGone()
        #expect(Keeping.lives(try #require(pid_t(foreign.id))), "another orchestrator's is none of our business")
        #expect(await left.exit(of: place) { _ in } == .signal(9))
        await other.end(foreign, atOnce: false)
        #expect(await other.exit(of: foreign) { _ in } == .signal(15))
        _ = try await other.clear(keeping: [])
    }

    @Test func itKnowsItsPortItsLabelAndWhomItServesAndNoneOfOurSecrets() async throws {
        setenv("SLUICE_RUNNERS_SECRET", "s3cret", 1)
        defer { unsetenv("SLUICE_RUNNERS_SECRET") }
        let log = RunnerLog()
        let host = host("test-\(UUID().uuidString)")
        let order = Keeping.order(
            "told", .process(ProcessOrder(command: ["env"], environment: ["MODEL": "base"], portVariable: "LISTEN")))
        let place = try await host.launch(order, log: log)
        #expect(await host.exit(of: place) { _ in } == .code(0))
        let port = try #require(place.url.split(separator: ":").last)
        for line in ["LISTEN=\(port)", "MODEL=base", "SLUICE_RUNNER=told", "SLUICE_ORCHESTRATOR=http://orchestrator:8935"] {
            #expect(log.lines.contains(line), "\(line)")
        }
        #expect(!log.lines.contains { $0.contains("s3cret") })
    }

    @Test func whatCannotBeStartedIsSaidAndTriedAgain() async throws {
        let none = Keeping.order("none", .process(ProcessOrder(command: ["no-such-program"])))
        let ends = Keeping.order("ends", .process(ProcessOrder(command: ["sh", "-c", "echo that was it; exit 3"])))
        let lost = Keeping.order("lost", .process(ProcessOrder(command: ["true"], directory: "/no/such/place")))
        try await Keeping.of([none, ends, lost]) { keeping in
            let first = try await keeping.until("none", "it is tried again") { $0.restarts >= 2 }
            #expect(first.lastFault == "'no-such-program' cannot be started: No such file or directory")
            let second = try await keeping.until("ends", "it is tried again") { $0.restarts >= 2 }
            #expect(second.lastFault == "it ended with exit code 3" && keeping.keeper.log(of: "ends")?.contains("that was it") == true)
            let third = try await keeping.until("lost", "it is tried again") { $0.restarts >= 1 }
            #expect(third.lastFault == "'true' cannot be started in '/no/such/place': No such file or directory")
            #expect(keeping.door.book.offers.isEmpty && keeping.keeper.log(of: "nobody") == nil)
        }
    }

    @Test func oneThatRunsElsewhereIsShownWhileItIsWell() async throws {
        try await RunnerApp.running { app in
            try await Keeping.of([Keeping.order("far", health: "/health", .elsewhere, url: app.url)]) { keeping in
                _ = try await keeping.well("far")
                try await keeping.door.until("it is offered") { keeping.door.book.offers.count == 1 }
                try await app.setHealth(500)
                try await keeping.door.until("it is hidden") { keeping.door.book.offers.isEmpty }
                try await app.setHealth(200)
                try await keeping.door.until("it is offered again") { keeping.door.book.offers.count == 1 }
                #expect(try keeping.standing("far").restarts == 0 && keeping.keeper.log(of: "far") == nil)
                #expect(throws: RunnerRefusal.self) { try keeping.door.runner("far", at: "http://127.0.0.1:1") }
            }
        }
    }
}

@Suite struct RunnerLogTests {
    @Test func theLastLinesAreKeptAndLongOnesCut() {
        let log = RunnerLog()
        for number in 0..<1000 { log.write("line \(number)\r\n".utf8) }
        log.write(String(repeating: "x", count: 5000).utf8)
        #expect(log.lines.count == 401 && log.lines.first == "line 600" && log.lines[399] == "line 999")
        log.write("\nshort".utf8)
        log.note("said")
        #expect(log.lines.suffix(3).map(\.count) == [2050, 5, 4] && log.lines.last == "said")
    }
}

import Foundation
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Containers of real engines, from the pull of an image to the last trace of them.
@Suite(RealEngines(), .serialized, .timeLimit(.minutes(3))) struct RealEngineTests {
    private static let web = ["httpd", "-f", "-vv", "-p", "127.0.0.1:{port}", "-h", "/www"]
    private static let mine = [ContainerForm.ownerLabel: owner]
    private static let owner = "https://o:1"
    /// BusyBox's httpd is its container's first process, and hears no SIGTERM that it has no handler for.
    private static let soon = Keeping.settings(stop: .milliseconds(500))

    private func web(_ engine: RealEngine, _ adjust: (inout ContainerOrder) -> Void = { _ in }) -> RunnerOrder {
        var order = engine.order(Self.web)
        adjust(&order)
        return Keeping.order("web", health: "/health", .container(order))
    }

    private func nothingIsLeft(of engine: RealEngine) async throws {
        #expect(try await engine.engine().list(Self.mine).isEmpty, "nothing is left behind")
    }

    @Test(arguments: RealEngine.Kind.allCases) func aContainerIsFetchedOfferedRestartedAndRemoved(_ kind: RealEngine.Kind) async throws {
        let engine = try kind.there()
        let name = "slow/\(kind.rawValue.lowercased())"
        let held = engine.shelf.images.hold(name)
        defer { held.open() }
        let order = web(engine) { $0.image = engine.shelf.image(name) }
        // Engines take their time to tell of an end; four failed checks are not to be sooner.
        var settings = Self.soon
        settings.healthInterval = .seconds(3)
        try await Keeping.of([order], containers: engine.host(owner: Self.owner), settings: settings) { keeping in
            _ = try await keeping.until("web", "the pull is told") { $0.phase == .preparing && $0.progress?.isEmpty == false }
            held.open()
            let first = try await keeping.well("web")
            let place = try #require(first.place)
            let answer = try await keeping.door.ask("GET", "/apps/web/app/health")
            #expect(answer.code == 200 && answer.body == "ok\n", "\(answer)")
            try await keeping.logs("web") { $0.contains("/health") }
            let inspected = try #require(try await engine.engine().inspect(place.id))
            // From within: the engine is not asked.
            kill(pid_t(try #require(inspected["State"]?["Pid"]?.integer)), SIGKILL)
            let second = try await keeping.until("web", "it comes back") { $0.phase == .healthy && $0.place?.id != place.id }
            #expect(
                second.restarts == 1 && second.lastFault == "it was ended by signal 9" && second.obstacle == nil,
                "\(second)")
        }
        try await nothingIsLeft(of: engine)
    }

    @Test(arguments: RealEngine.Kind.allCases) func whatIsInsideSeesItsWalls(_ kind: RealEngine.Kind) async throws {
        let engine = try kind.there()
        let look = """
            echo port $PORT of $SLUICE_RUNNER at $SLUICE_ORCHESTRATOR; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status
            touch /www/x; touch /tmp/x && echo tmp can be written to
            for f in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do cat $f 2>/dev/null; done
            echo that was it; exit 3
            """
        var order = engine.order(["sh", "-c", look])
        if engine.hasLimits { order.memory = 64 << 20 }
        var greedy = engine.order(["tail", "/dev/zero"])
        greedy.memory = 16 << 20
        var absent = engine.order(Self.web)
        let missing = engine.shelf.image("not/there")
        absent.image = missing
        var never = absent
        never.pull = .never
        var broken = engine.order(Self.web)
        broken.entrypoint = ["/no/such/program"]
        var orders = [
            Keeping.order("walls", .container(order)), Keeping.order("absent", .container(absent)),
            Keeping.order("never", .container(never)),
            Keeping.order("broken", .container(broken)),
        ]
        if engine.hasLimits { orders.append(Keeping.order("greedy", .container(greedy))) }
        try await Keeping.of(orders, containers: engine.host(owner: Self.owner)) { keeping in
            let standing = try await keeping.until("walls", "it is tried again") { $0.restarts >= 1 }
            #expect(standing.lastFault == "it ended with exit code 3")
            try await keeping.logs("walls") { $0 == "that was it" }
            let log = keeping.keeper.log(of: "walls") ?? []
            let none = "0000000000000000"
            for line in ["CapEff:\t\(none)", "CapBnd:\t\(none)", "NoNewPrivs:\t1", "tmp can be written to"] {
                #expect(log.contains(line), "\(line): \(log)")
            }
            #expect(log.contains { $0.hasPrefix("touch: /www/x") && $0.contains("Read-only file system") }, "\(log)")
            #expect(log.contains { $0.hasPrefix("port ") && $0.hasSuffix(" of walls at https://o:1") }, "\(log)")
            if engine.hasLimits {
                #expect(log.contains("\(64 << 20)"), "\(log)")
                let greedy = try await keeping.until("greedy", "it is tried again") { $0.restarts >= 1 }
                // Podman finds it out on some machines only.
                let words = ["it was ended for using more memory than it may"] + (kind == .podman ? ["it was ended by signal 9"] : [])
                #expect(words.contains(greedy.lastFault ?? ""), "\(greedy.lastFault ?? "")")
            }
            let second = try await keeping.until("never", "it is tried again") { $0.restarts >= 1 }
            #expect(second.lastFault == "there is no image '\(missing)' on this machine, and pull is never")
            let third = try await keeping.until("absent", "it is tried again") { $0.restarts >= 1 }
            #expect(third.lastFault?.hasPrefix("there is no image '\(missing)': '") == true, "\(third.lastFault ?? "")")
            let fourth = try await keeping.until("broken", "it is tried again") { $0.restarts >= 1 }
            #expect(fourth.lastFault?.contains("/no/such/program") == true, "\(fourth.lastFault ?? "")")
        }
        try await nothingIsLeft(of: engine)
    }

    @Test(arguments: RealEngine.Kind.allCases) func oneThatHearsIsGivenTheTimeItNeeds(_ kind: RealEngine.Kind) async throws {
        let engine = try kind.there()
        let script = "trap 'echo bye; exit 0' TERM; httpd -p 127.0.0.1:$PORT -h /www; while :; do sleep 0.05; done"
        let order = Keeping.order("hears", health: "/health", .container(engine.order(["sh", "-c", script])))
        let began = ContinuousClock.now
        try await Keeping.of([order], containers: engine.host(owner: Self.owner), settings: Keeping.settings(stop: .seconds(60))) {
            keeping in
            _ = try await keeping.well("hears")
            keeping.atEnd { keeper in #expect(keeper.log(of: "hears")?.last == "bye") }
        }
        #expect(ContinuousClock.now - began < .seconds(50), "it was not waited for in vain")
        try await nothingIsLeft(of: engine)
    }

    @Test(arguments: RealEngine.Kind.allCases) func whatAnOrchestratorLeftIsTakenOverByTheNext(_ kind: RealEngine.Kind) async throws {
        let engine = try kind.there()
        let order = web(engine)
        let other = Keeping.order("gone", health: "/health", .container(engine.order(["sleep", "1000"])))
        let foreigner = "https://o:2"
        // Killed: it does nothing more for them.
        let killed = engine.host(owner: Self.owner)
        try await killed.prepare(order) { _ in }
        let left = try await killed.launch(order, log: RunnerLog())
        _ = try await killed.launch(other, log: RunnerLog())
        let foreign = try await engine.host(owner: foreigner).launch(other, log: RunnerLog())
        try await Keeping.of([order], containers: engine.host(owner: Self.owner), settings: Self.soon) { keeping in
            let standing = try await keeping.well("web")
            #expect(standing.place?.id == left.id && standing.place?.isTakenOver == true && standing.restarts == 0)
            #expect(Set(try await engine.engine().list([:]).map(\.id)) == [left.id, foreign.id])
            try await keeping.logs("web") { $0.contains("/health") }
        }
        #expect(try await engine.engine().list([:]).map(\.id) == [foreign.id])
        try await engine.engine().remove(foreign.id)
    }

    @Test(arguments: RealEngine.Kind.allCases) func aRegistryThatWantsALoginIsGivenIt(_ kind: RealEngine.Kind) async throws {
        let engine = try kind.there()
        let order = web(engine) {
            $0.image = engine.closed.image()
            $0.pull = .always
        }
        let none = await #expect(throws: RunnerFault.self) { try await engine.host(owner: Self.owner).prepare(order) { _ in } }
        #expect(none?.kind == .pullDenied, "\(none?.description ?? "")")
        #expect(none?.description.contains("runners.registries has none for 127.0.0.1:\(engine.closed.port)") == true)
        let wrong = await #expect(throws: RunnerFault.self) {
            try await engine.host(owner: Self.owner) { name throws(RunnerFault) in
                RegistryLogin(registry: name, user: ImageShelf.user, password: "not-it")
            }.prepare(order) { _ in }
        }
        #expect(
            wrong?.kind == .pullDenied && wrong?.description.hasSuffix("It was asked as 'reader'") == true, "\(wrong?.description ?? "")")
        #expect(wrong?.description.contains("not-it") == false)
        try await engine.host(owner: Self.owner) { name throws(RunnerFault) in
            RegistryLogin(registry: name, user: ImageShelf.user, password: ImageShelf.password)
        }.prepare(order) { _ in }
        #expect(engine.closed.images.lastLogin?.hasPrefix("Basic ") == true)
    }

    @Test(arguments: RealEngine.Kind.allCases) func anEngineThatHangsIsToldOfAndWaitedForNoLongerThanItMayTake(
        _ kind: RealEngine.Kind
    ) async throws {
        let engine = try kind.there()
        let order = web(engine)
        var times = ContainerEngine.Times()
        (times.look, times.call, times.watch) = (.seconds(2), .seconds(2), .milliseconds(200))
        let host = engine.host(owner: Self.owner, times: times)
        // Whatever becomes of it: the next test wants the engine too.
        defer { engine.process.signal(SIGCONT) }
        try await Keeping.of([order], containers: host, settings: Self.soon) { keeping in
            let first = try await keeping.well("web")
            engine.process.signal(SIGSTOP)
            let stuck = try await keeping.until("web", "it is told that the engine hangs") { $0.obstacle != nil }
            #expect(stuck.obstacle?.contains("hangs: no answer to GET ") == true, "\(stuck.obstacle ?? "")")
            #expect(stuck.phase == .healthy && keeping.door.book.offers.count == 1, "what runs, runs")
            engine.process.signal(SIGCONT)
            let again = try await keeping.until("web", "it is told that it answers again") { $0.obstacle == nil }
            #expect(again.place == first.place && again.restarts == 0)
            // And at the end: it can be ended by nobody.
            engine.process.signal(SIGSTOP)
            keeping.atEnd { keeper in
                #expect(keeper.standings.first?.lastFault == "it has not ended, killed 3 times")
                engine.process.signal(SIGCONT)
            }
        }
        // The next one gets rid of it, together with what the engine was asked for while it hung, and does now.
        _ = try await engine.host(owner: Self.owner).clear(keeping: [])
        try await within(.seconds(20), of: "its removal") {
            while try await !engine.engine().list(Self.mine).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
        }
        try await nothingIsLeft(of: engine)
    }

    @Test func aPortInsideIsReachedByOneOfThisMachine() async throws {
        let engine = try RealEngine.Kind.docker.there()
        let order = web(engine) {
            $0.arguments = ["httpd", "-f", "-p", "{port}", "-h", "/www"]
            $0.network = engine.network ?? ""
            $0.port = 8099
        }
        try await Keeping.of([order], containers: engine.host(owner: Self.owner), settings: Self.soon) { keeping in
            let url = try await keeping.well("web").place?.url
            #expect(url?.hasPrefix("http://127.0.0.1:") == true && url?.hasSuffix(":8099") == false, "\(url ?? "")")
            let answer = try await keeping.door.ask("GET", "/apps/web/app/health")
            #expect(answer.code == 200 && answer.body == "ok\n", "\(answer)")
        }
        try await nothingIsLeft(of: engine)
    }
}

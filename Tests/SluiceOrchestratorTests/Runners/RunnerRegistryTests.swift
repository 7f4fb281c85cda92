import SluiceOrchestrator
import SluiceTypes
import Testing

@Suite struct RunnerRegistryTests {
    private let now = ContinuousClock.now

    /// A registry with names that count.
    private final class Room {
        var registry: RunnerRegistry
        private var made = 0

        init(_ adjust: (inout RunnerRegistry.Settings) -> Void = { _ in }) {
            var settings = RunnerRegistry.Settings()
            adjust(&settings)
            registry = RunnerRegistry(settings: settings)
        }

        func fixed(_ label: String, mode: RunnerMode = .persistent, capacity: Int = 1, proxy: Bool = false) throws -> RunnerID {
            made += 1
            let id = RunnerID("runner_\(made)")
            return try registry.register([Self.runner(label, mode, capacity, proxy)]) { id }[0].id
        }

        static func runner(_ label: String, _ mode: RunnerMode, _ capacity: Int, _ proxy: Bool = false) -> StaticRunner {
            let facts = RunnerFacts(
                label: label, routesByLabel: true, hasProxyURL: proxy, url: "http://h:1", app: "app/\(label)", mode: mode,
                capacity: capacity)
            return StaticRunner(facts: facts, health: RunnerHealthCheck(url: "http://h:1/health"))
        }

        func beat(
            _ id: String? = nil, isNew: Bool, ready: Bool = true, at now: ContinuousClock.Instant, capacity: Int = 1
        ) throws -> RunnerStanding {
            made += 1
            let fresh = RunnerID("runner_\(made)")
            let facts = RunnerFacts(url: "http://h:2", app: "dyn", capacity: capacity)
            return try registry.heartbeat(
                RunnerHeartbeat(id: id.map { RunnerID($0) }, facts: facts, isReady: ready), isNew: isNew, at: now
            ) { fresh }
        }

        func reserve(
            _ route: String, _ mode: RunnerMode = .persistent, at now: ContinuousClock.Instant
        ) throws -> SessionID {
            made += 1
            let number = made
            return try registry.reserve(
                route, mode: mode, isGuarded: false, at: now, newSession: { SessionID("session_\(number)") },
                newProxy: { "proxy_\(number)" }
            ).id
        }

        func sweep(at now: ContinuousClock.Instant, busy: [String] = []) {
            registry.sweep(at: now) { channels in channels.contains { busy.contains($0) } }
        }

        func renew(_ id: SessionID, at now: ContinuousClock.Instant) -> Bool { registry.renew(id, at: now) }
        func hold(_ id: SessionID) -> Bool { registry.hold(id) }
        func removeChannels(_ names: [String], from id: SessionID) -> Bool { registry.removeChannels(names, from: id) }
        func unregister(capability: String) -> Bool { registry.unregister(capability: capability) }
        func takeEvents() -> [RunnerEvent] { registry.takeEvents() }

        func used(_ route: String) -> Int? { registry.offers.first { $0.route == route }?.used }
    }

    // MARK: Capacity and modes

    @Test func aRunnerHasAsManySessionsAsItSaidAndNoMore() throws {
        let room = Room()
        _ = try room.fixed("a", capacity: 2)
        _ = try room.reserve("a", at: now)
        let second = try room.reserve("a", at: now)
        #expect(throws: RunnerRefusal.noCapacity) { try room.reserve("a", at: now) }
        #expect(room.registry.offers[0].available == 0, "a full one is listed")
        room.registry.release(second, .stopped)
        _ = try room.reserve("a", at: now)
        room.registry.release(second, .stopped)
        #expect(room.used("a") == 2, "an end that comes twice frees one place")
    }

    @Test func eachModeHasItsOwnDoor() throws {
        let room = Room()
        _ = try room.fixed("long")
        _ = try room.fixed("short", mode: .singleShot)
        #expect(throws: RunnerRefusal.notSingleShot) { try room.reserve("long", .singleShot, at: now) }
        #expect(throws: RunnerRefusal.notPersistent) { try room.reserve("short", at: now) }
        #expect(throws: RunnerRefusal.noSuchRunner) { try room.reserve("nosuch", at: now) }
    }

    @Test func aSingleRequestIsItsSession() throws {
        let room = Room()
        _ = try room.fixed("s", mode: .singleShot)
        let id = try room.reserve("s", .singleShot, at: now)
        room.registry.begin(id, at: now)
        #expect(throws: RunnerRefusal.noCapacity) { try room.reserve("s", .singleShot, at: now) }
        room.registry.end(id, at: now)
        #expect(room.used("s") == 0)
    }

    @Test func anAppIsServedByItsEmptiestRunner() throws {
        let room = Room()
        _ = try room.registry.register([Room.runner("a", .singleShot, 2)]) { RunnerID("one") }
        var other = Room.runner("b", .singleShot, 3)
        other.facts.app = "app/a"
        _ = try room.registry.register([other]) { RunnerID("two") }
        var runners: [String] = []
        for number in 0..<5 {
            runners.append(
                try room.registry.reserve(app: "app/a", isLeased: false, at: now) { SessionID("\(number)") }.runner.rawValue)
        }
        #expect(runners.count { $0 == "one" } == 2 && runners.count { $0 == "two" } == 3)
        #expect(runners[0] == "two")
        #expect(throws: RunnerRefusal.noCapacity) {
            try room.registry.reserve(app: "app/a", isLeased: false, at: now) { SessionID("more") }
        }
        #expect(throws: RunnerRefusal.noSuchRunner) {
            try room.registry.reserve(app: "app/c", isLeased: false, at: now) { SessionID("more") }
        }
    }

    // MARK: Leases

    @Test func anAbandonedSessionFreesItsPlace() throws {
        let room = Room { $0.lease = .seconds(60) }
        _ = try room.fixed("a")
        let id = try room.reserve("a", at: now)
        room.sweep(at: now + .seconds(59))
        #expect(room.used("a") == 1)
        room.sweep(at: now + .seconds(60))
        #expect(room.used("a") == 0)
        #expect(room.takeEvents().contains(.released(id, RunnerID("runner_1"), .abandoned, channels: [])))
        #expect(!room.renew(id, at: now))
    }

    @Test func whateverUsesASessionRenewsItsLease() throws {
        let room = Room { $0.lease = .seconds(60) }
        _ = try room.fixed("a")
        let id = try room.reserve("a", at: now)
        #expect(room.renew(id, at: now + .seconds(50)))
        room.sweep(at: now + .seconds(100))
        room.registry.begin(id, at: now + .seconds(105))
        // A request that takes an hour is no silence.
        room.sweep(at: now + .seconds(3600))
        room.registry.end(id, at: now + .seconds(3600))
        room.sweep(at: now + .seconds(3659))
        #expect(room.used("a") == 1)
        _ = try room.registry.addChannels([RunnerChannel(name: "in", contentType: "video/MP2T")], to: id)
        room.sweep(at: now + .seconds(3700), busy: ["\(id)-in"])
        #expect(room.used("a") == 1, "its channel is written")
        room.sweep(at: now + .seconds(3760))
        #expect(room.used("a") == 0)
    }

    @Test func whoHoldsASessionOpenEndsItByLettingGo() throws {
        let room = Room()
        _ = try room.fixed("a")
        let id = try room.reserve("a", at: now)
        #expect(room.hold(id) && room.hold(id))
        room.sweep(at: now + .seconds(9999))
        room.registry.letGo(id)
        #expect(room.used("a") == 1, "another holds it still")
        room.registry.letGo(id)
        #expect(room.used("a") == 0)
        #expect(!room.hold(id))
        room.registry.letGo(id)
    }

    // MARK: Health

    @Test func oneFailedCheckIsChanceTwoHide() throws {
        let room = Room()
        let runner = try room.fixed("a")
        let id = try room.reserve("a", at: now)
        room.registry.checked(runner, isWell: false)
        #expect(room.registry.offers.count == 1)
        room.registry.checked(runner, isWell: true)
        room.registry.checked(runner, isWell: false)
        #expect(room.used("a") == 1, "the row was broken")
        room.registry.checked(runner, isWell: false)
        #expect(room.registry.offers.isEmpty)
        #expect(room.registry.session(id, of: "a") == nil)
        #expect(room.takeEvents().contains(.released(id, runner, .runnerLost, channels: [])))
        #expect(throws: RunnerRefusal.noSuchRunner) { try room.reserve("a", at: now) }
        room.registry.checked(runner, isWell: true)
        #expect(room.used("a") == 0)
    }

    @Test func twoRequestsThatDoNotGetThroughHideItAndLeaveItsSessions() throws {
        let room = Room()
        let runner = try room.fixed("a", capacity: 2)
        let id = try room.reserve("a", at: now)
        room.registry.missed(runner)
        room.registry.reached(runner)
        room.registry.missed(runner)
        #expect(room.registry.offers.count == 1)
        room.registry.missed(runner)
        #expect(room.registry.offers.isEmpty)
        #expect(room.registry.session(id, of: "a") != nil)
        room.registry.checked(runner, isWell: true)
        #expect(room.used("a") == 1)
    }

    // MARK: Runners that register themselves

    @Test func oneThatIsSilentIsGoneAndToldSo() throws {
        let room = Room()
        let runner = try room.beat(isNew: true, at: now).id
        let id = try room.reserve(runner.rawValue, at: now)
        room.sweep(at: now + .seconds(19))
        #expect(try room.beat(runner.rawValue, isNew: false, at: now + .seconds(19)).sessions == [id])
        room.sweep(at: now + .seconds(38))
        #expect(room.registry.offers.count == 1)
        _ = room.takeEvents()
        room.sweep(at: now + .seconds(39))
        #expect(room.registry.offers.isEmpty)
        #expect(
            room.takeEvents() == [.released(id, runner, .runnerLost, channels: []), .changed, .left(runner), .changed])
        #expect(room.registry.standing(of: runner.rawValue)?.isExpired == true)
        #expect(throws: RunnerRefusal.noSuchRunner) { try room.beat(runner.rawValue, isNew: false, at: now + .seconds(40)) }
        _ = try room.beat(runner.rawValue, isNew: true, at: now + .seconds(41))
        #expect(room.registry.standing(of: runner.rawValue)?.isExpired == false)
    }

    @Test func oneThatBeginsAgainHasNothingOfBefore() throws {
        let room = Room()
        let first = try room.beat(isNew: true, at: now)
        let id = try room.reserve(first.id.rawValue, at: now)
        let second = try room.beat(first.id.rawValue, isNew: true, at: now)
        #expect(second.id == first.id && second.birth != first.birth && second.sessions.isEmpty)
        #expect(room.registry.session(id, of: first.id.rawValue) == nil)
    }

    @Test func oneThatIsNotReadyIsNotOffered() throws {
        let room = Room()
        let runner = try room.beat(isNew: true, ready: false, at: now).id
        #expect(room.registry.offers.isEmpty)
        #expect(throws: RunnerRefusal.noSuchRunner) { try room.reserve(runner.rawValue, at: now) }
        _ = try room.beat(runner.rawValue, isNew: false, at: now)
        #expect(room.registry.offers.count == 1)
    }

    @Test func itEndsItselfAndAStaticOneDoesNot() throws {
        let room = Room()
        let dynamic = try room.beat(isNew: true, at: now).id
        _ = try room.fixed("a")
        try room.registry.unregister(dynamic.rawValue)
        #expect(throws: RunnerRefusal.noSuchRunner) { try room.registry.unregister(dynamic.rawValue) }
        #expect(throws: RunnerRefusal.isStatic) { try room.registry.unregister("a") }
        #expect(room.registry.standing(of: dynamic.rawValue) == nil, "ended, not expired")
    }

    // MARK: Batches

    @Test func aBatchReplacesByLabelAndLeavesTheOthers() throws {
        let room = Room()
        let first = try room.fixed("a", capacity: 2)
        _ = try room.fixed("b")
        _ = try room.reserve("a", at: now)
        let again = try room.fixed("a", capacity: 5)
        #expect(again == first)
        #expect(room.registry.offers.map(\.route) == ["a", "b"])
        #expect(room.registry.offers[0].available == 4)
    }

    @Test func aBatchThatDoesNotFitIsNotTakenAtAll() throws {
        let room = Room { $0.mostRunners = 2 }
        _ = try room.fixed("a")
        let batch = ["b", "c"].map { Room.runner($0, .persistent, 1) }
        #expect(throws: RunnerRefusal.tooMany("the orchestrator has room for 2 runners, and has 1")) {
            try room.registry.register(batch) { RunnerID("x") }
        }
        #expect(room.registry.offers.map(\.route) == ["a"])
    }

    @Test func sessionsHaveABoundOfTheirOwn() throws {
        let room = Room { $0.mostSessions = 2 }
        _ = try room.fixed("a", capacity: 10)
        _ = try room.reserve("a", at: now)
        _ = try room.reserve("a", at: now)
        #expect(throws: RunnerRefusal.tooMany("the orchestrator has 2 sessions, its limit")) { try room.reserve("a", at: now) }
    }

    // MARK: What runners ask for

    @Test func channelsAreKnownByNameAndGoWithTheirSession() throws {
        let room = Room { $0.mostChannelsPerSession = 2 }
        let runner = try room.fixed("a")
        let id = try room.reserve("a", at: now)
        let made = try room.registry.addChannels([RunnerChannel(name: "x", contentType: "a/b")], to: id)
        let again = try room.registry.addChannels([RunnerChannel(name: "x", contentType: "c/d")], to: id)
        #expect(made == again)
        _ = try room.registry.addChannels([RunnerChannel(name: "y", contentType: "a/b")], to: id)
        #expect(throws: RunnerRefusal.tooMany("a session may have 2 channels")) {
            try room.registry.addChannels([RunnerChannel(name: "z", contentType: "a/b")], to: id)
        }
        #expect(!room.removeChannels(["x", "nosuch"], from: id), "all or none")
        #expect(room.removeChannels(["y"], from: id))
        _ = room.takeEvents()
        room.registry.release(id, .stopped)
        #expect(room.takeEvents().first == .released(id, runner, .stopped, channels: ["\(id)-x"]))
    }

    @Test func aProxyURLLivesAsLongAsItsSession() throws {
        let room = Room()
        _ = try room.fixed("a", proxy: true)
        let id = try room.reserve("a", at: now)
        let own = try #require(room.registry.session(id, of: "a")?.proxy)
        #expect(room.registry.session(proxy: own)?.url == "http://h:1")
        let other = try room.registry.addProxy(to: id, url: "http://h:1/deep") { "other" }
        #expect(room.registry.session(proxy: other)?.url == "http://h:1/deep")
        room.registry.release(id, .stopped)
        #expect(room.registry.session(proxy: own) == nil && room.registry.session(proxy: other) == nil)
    }

    // MARK: Capabilities

    @Test func aCapabilityRegisteredAgainKeepsItsLoad() throws {
        let room = Room()
        func capability(_ capacity: Int) -> CapabilityRunner {
            let facts = RunnerFacts(url: "http://h:3", app: "upscale", mode: .singleShot, capacity: capacity)
            return CapabilityRunner(facts: facts, description: "", token: "t")
        }
        try room.registry.register(capability(2)) { RunnerID("c") }
        let session = try room.registry.reserve(app: "upscale", isLeased: false, at: now) { SessionID("s") }
        #expect(session.bearer == "t")
        try room.registry.register(capability(1)) { RunnerID("d") }
        #expect(room.registry.offers.map(\.used) == [1])
        #expect(room.unregister(capability: "upscale"))
        #expect(!room.unregister(capability: "upscale"))
        #expect(room.registry.offers.isEmpty)
    }

    @Test func aCapabilityThatDidNotAnswerIsTriedWhenThereIsNoOther() throws {
        let room = Room()
        let facts = RunnerFacts(url: "http://h:3", app: "upscale", mode: .singleShot)
        try room.registry.register(CapabilityRunner(facts: facts, description: "", token: "")) { RunnerID("c") }
        room.registry.missed(RunnerID("c"))
        room.registry.missed(RunnerID("c"))
        #expect(room.registry.offers.isEmpty)
        let session = try room.registry.reserve(app: "upscale", isLeased: false, at: now) { SessionID("s") }
        room.registry.reached(session.runner)
        #expect(room.registry.offers.count == 1)
    }
}

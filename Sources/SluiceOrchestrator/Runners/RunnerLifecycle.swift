package import SluiceTypes

/// One runner from the wish for it to its end: a container, a process, or one that runs elsewhere. Pure: the moment is an argument, what is
/// to be done is returned.
package struct RunnerLifecycle: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Settings: Hashable, Sendable {
        package var healthInterval: Duration = .seconds(5)
        /// Until it is well for the first time.
        package var startingInterval: Duration = .milliseconds(250)
        /// From its start until it is well: a model is loaded meanwhile.
        package var startTime: Duration = .seconds(300)
        /// Checks that must fail one after the other: one is chance.
        package var failuresToHide = 2
        package var failuresToRestart = 4
        /// Doubles with every start that comes to nothing.
        package var firstPause: Duration = .seconds(1)
        package var longestPause: Duration = .seconds(60)
        /// Well for so long, its past is forgotten.
        package var steadyTime: Duration = .seconds(60)
        /// From being asked to end until it is ended.
        package var stopTime: Duration = .seconds(10)
        /// Past these nobody waits for its end any longer: its engine hangs, or the kernel does.
        package var mostKills = 3
        /// Of a pause, up or down: runners that fell together do not rise together.
        package var jitter = 0.25

        package init() {}
    }

    package enum Phase: String, Hashable, Sendable, CaseIterable {
        case waiting
        /// Its image is fetched.
        case preparing
        case starting, healthy, unhealthy
        /// Until it is tried again.
        case backingOff = "backing-off"
        case stopping, stopped
    }

    package enum Event: Hashable, Sendable {
        case begin
        case prepared, launched
        case checked(Bool)
        case exited(RunnerExit)
        /// What was asked for did not come about.
        case failed(String)
        case stop
        case tick
    }

    package enum Action: Hashable, Sendable {
        case prepare, launch, check
        /// The registry is told.
        case report(isWell: Bool)
        case lose
        case terminate, kill, remove
    }

    package let isOurs: Bool
    package let settings: Settings
    package private(set) var phase = Phase.waiting
    package private(set) var since: Instant
    /// Starts after the first.
    package private(set) var restarts = 0
    package private(set) var lastFault: String?
    /// Of `backingOff`.
    package private(set) var nextStart: Instant?

    private var fallsInRow = 0
    private var failures = 0
    private var deadline: Instant
    private var kills = 0
    private var nextCheck: Instant
    private var isChecking = false
    /// Something runs, or is being started.
    private var isThere = false
    /// It was given up: it may still run.
    package var isLeft: Bool { isOurs && isThere && phase == .stopped }
    private var isLaunching = false
    private var isFinal = false
    private var randomness: UInt64

    package init(isOurs: Bool, settings: Settings = .init(), at now: Instant, seed: UInt64) {
        self.isOurs = isOurs
        self.settings = settings
        since = now
        deadline = now
        nextCheck = now
        randomness = seed
    }

    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        switch event {
        case .begin: phase == .waiting ? begin(at: now) : []
        case .prepared: prepared(at: now)
        case .launched: launched(at: now)
        case .checked(let isWell): checked(isWell, at: now)
        case .exited(let exit): exited(exit, at: now)
        case .failed(let why): failed(why, at: now)
        case .stop: stop(at: now)
        case .tick: tick(at: now)
        }
    }

    private mutating func enter(_ next: Phase, at now: Instant) {
        guard next != phase else { return }
        phase = next
        since = now
    }

    // MARK: Rise

    private mutating func begin(at now: Instant) -> [Action] {
        nextStart = nil
        guard isOurs else {
            enter(.starting, at: now)
            isLaunching = true
            return [.launch]
        }
        enter(.preparing, at: now)
        return [.prepare]
    }

    private mutating func prepared(at now: Instant) -> [Action] {
        if phase == .stopping { return finish(at: now) }
        guard phase == .preparing else { return [] }
        enter(.starting, at: now)
        isLaunching = true
        return [.launch]
    }

    private mutating func launched(at now: Instant) -> [Action] {
        guard isLaunching else { return [] }
        isLaunching = false
        isThere = true
        if phase == .stopping { return isOurs ? end(at: now) : finish(at: now) }
        deadline = now + settings.startTime
        failures = 0
        return check(at: now)
    }

    private mutating func check(at now: Instant) -> [Action] {
        guard !isChecking else { return [] }
        isChecking = true
        nextCheck = now + (phase == .starting && isOurs ? settings.startingInterval : settings.healthInterval)
        return [.check]
    }

    // MARK: Health

    private mutating func checked(_ isWell: Bool, at now: Instant) -> [Action] {
        isChecking = false
        guard isThere else { return [] }
        switch phase {
        case .starting, .healthy, .unhealthy: break
        default: return []
        }
        if isWell {
            failures = 0
            enter(.healthy, at: now)
            nextCheck = max(nextCheck, now + settings.healthInterval)
            return [.report(isWell: true)]
        }
        if phase == .starting {
            guard isOurs, now >= deadline else { return [] }
            return restart("it was not well within \(settings.startTime) of its start", at: now)
        }
        failures += 1
        if failures >= settings.failuresToHide { enter(.unhealthy, at: now) }
        guard isOurs, failures >= settings.failuresToRestart else { return [.report(isWell: false)] }
        return [.report(isWell: false)] + restart("\(failures) health checks failed, one after the other", at: now)
    }

    private mutating func restart(_ why: String, at now: Instant) -> [Action] {
        lastFault = why
        fall(at: now)
        return end(at: now)
    }

    private mutating func end(at now: Instant) -> [Action] {
        enter(.stopping, at: now)
        kills = 0
        deadline = now + settings.stopTime
        return [.lose, .terminate]
    }

    // MARK: Fall

    private mutating func exited(_ exit: RunnerExit, at now: Instant) -> [Action] {
        guard isThere else { return [] }
        isThere = false
        // It was given up, and has ended after all.
        if phase == .stopped { return [.remove] }
        if phase == .stopping { return isFinal ? [.remove] + finish(at: now) : [.remove] + rest(at: now) }
        lastFault = exit.description
        fall(at: now)
        return [.lose, .remove] + rest(at: now)
    }

    private mutating func failed(_ why: String, at now: Instant) -> [Action] {
        isLaunching = false
        lastFault = why
        if phase == .stopping { return finish(at: now) }
        guard phase == .preparing || phase == .starting else { return [] }
        fallsInRow += 1
        return rest(at: now)
    }

    /// One that was well for long begins with a clean sheet.
    private mutating func fall(at now: Instant) {
        let wasSteady = phase == .healthy && since.duration(to: now) >= settings.steadyTime
        fallsInRow = wasSteady ? 1 : fallsInRow + 1
    }

    private mutating func rest(at now: Instant) -> [Action] {
        enter(.backingOff, at: now)
        var pause = settings.firstPause
        for _ in 1..<max(1, min(fallsInRow, 32)) where pause < settings.longestPause { pause = min(pause * 2, settings.longestPause) }
        nextStart = now + pause * (1 + settings.jitter * (2 * draw() - 1))
        return []
    }

    /// From 0 to 1 (SplitMix64).
    private mutating func draw() -> Double {
        randomness &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (randomness ^ (randomness >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ (mixed >> 31)) >> 11) / Double(1 << 53)
    }

    // MARK: End

    private mutating func stop(at now: Instant) -> [Action] {
        isFinal = true
        switch phase {
        // Fetching an image may take an hour, and is broken off.
        case .waiting, .preparing, .backingOff, .stopped: return finish(at: now)
        case .stopping: return []
        case .starting, .healthy, .unhealthy:
            guard isOurs else { return (isThere ? [.lose] : []) + finish(at: now) }
            if isThere { return end(at: now) }
            // What is being started is ended once it is there.
            enter(.stopping, at: now)
            return []
        }
    }

    private mutating func finish(at now: Instant) -> [Action] {
        enter(.stopped, at: now)
        nextStart = nil
        return []
    }

    private mutating func tick(at now: Instant) -> [Action] {
        switch phase {
        case .starting, .healthy, .unhealthy:
            guard isThere, now >= nextCheck else { return [] }
            return check(at: now)
        case .backingOff:
            guard let nextStart, now >= nextStart else { return [] }
            restarts += 1
            return begin(at: now)
        case .stopping:
            guard isThere, now >= deadline else { return [] }
            if kills >= settings.mostKills {
                lastFault = "it has not ended, killed \(kills) times"
                if isFinal { return finish(at: now) }
            }
            kills += 1
            deadline = now + settings.stopTime
            return [.kill]
        case .waiting, .preparing, .stopped: return []
        }
    }
}

import SluiceTypes

/// Whether an orchestrator is given segments: leaves it out for a time after faults, lets it back in through a canary
/// (specs/selection-and-reliability E3, E4).
package struct Health: Sendable {
    package struct Settings: Hashable, Sendable {
        /// Faults in a row before it is ejected; a broken connection needs `connectFaults`.
        package var faultsInRow = 5
        package var connectFaults = 2
        /// Ejected when fewer than this share succeed, over at least `samples`.
        package var leastSuccess = 0.7
        package var samples = 20.0
        /// Seconds of the first ejection; the n-th lasts n times as long.
        package var ejection = 10.0
        package var longestEjection = 600.0
        /// Seconds for which a single fault or lost hedge keeps it from being first choice; doubles with each in a row.
        package var suspicion = 3.0
        package var longestSuspicion = 60.0
        /// Share of the candidates that may be out at once; beyond it health is not looked at (panic).
        package var largestShareOut = 0.5
        /// Seconds in good health after which one past ejection is forgotten.
        package var forgiveness = 60.0

        package init() {}
    }

    package enum State: String, Hashable, Sendable, CaseIterable {
        case healthy
        /// A fault or a lost hedge a moment ago: second choice.
        case suspect
        /// Left out.
        case ejected
        /// The time is over: waits for a canary.
        case halfOpen
    }

    package enum Fault: Hashable, Sendable {
        /// Connection, name, TLS.
        case connect
        /// Garbage, half an answer, its own failure.
        case answer
        /// A hedge was faster, or the time was over.
        case slow
    }

    private(set) var faultsInRow = 0
    private var connectInRow = 0
    private var suspicionsInRow = 0
    private var suspectUntil: Moment?
    private(set) var ejectedUntil: Moment?
    private(set) var ejections = 0
    private var awaitsCanary = false
    private var goodSince: Moment?
    /// Times at which it broke or stood still, fading.
    private var incidents = 0.0
    private var lastIncident: Moment?
    private var successes = 0.0
    private var faults = 0.0
    private var counted = Moment(nanoseconds: 0)

    func state(at now: Moment) -> State {
        if let ejectedUntil, now < ejectedUntil { return .ejected }
        if awaitsCanary { return .halfOpen }
        if let suspectUntil, now < suspectUntil { return .suspect }
        return .healthy
    }

    /// Share of the last minute or so that succeeded, and over how many.
    var success: (share: Double, count: Double) {
        let count = successes + faults
        return (count > 0 ? successes / count : 1, count)
    }

    mutating func succeeded(at now: Moment, _ settings: Settings) {
        fade(to: now)
        successes += 1
        faultsInRow = 0
        connectInRow = 0
        suspicionsInRow = 0
        suspectUntil = nil
        if awaitsCanary, ejectedUntil.map({ now >= $0 }) ?? true {
            awaitsCanary = false
            ejectedUntil = nil
            // What it did before it was out says nothing of now.
            successes = 1
            faults = 0
        }
        if let since = goodSince {
            if ejections > 0, now.seconds(since: since) >= settings.forgiveness {
                ejections -= 1
                goodSince = now
            }
        } else {
            goodSince = now
        }
    }

    /// - Returns: whether this fault ejected it.
    mutating func failed(_ fault: Fault, at now: Moment, _ settings: Settings) -> Bool {
        fade(to: now)
        goodSince = nil
        suspicionsInRow += 1
        let suspicion = settings.suspicion * Double(1 << min(suspicionsInRow - 1, 6))
        // One slow segment among good ones is chance, and the stream that met it has gone elsewhere by itself.
        if fault != .slow || suspicionsInRow >= 2 {
            suspectUntil = now.advanced(bySeconds: min(suspicion, settings.longestSuspicion))
        }
        faults += 1
        faultsInRow += 1
        if fault == .connect { connectInRow += 1 }
        guard ejectedUntil.map({ now >= $0 }) ?? true else { return false }
        let share = success
        let isOut =
            awaitsCanary || faultsInRow >= settings.faultsInRow || connectInRow >= settings.connectFaults
            || (share.count >= settings.samples && share.share < settings.leastSuccess)
        guard isOut else { return false }
        ejections += 1
        awaitsCanary = true
        ejectedUntil = now.advanced(bySeconds: min(settings.ejection * Double(ejections), settings.longestEjection))
        return true
    }

    /// It broke, or it stood still: once for all that is seen of it within some seconds.
    mutating func incident(at now: Moment) {
        if let lastIncident, now.seconds(since: lastIncident) < Self.incidentSpan { return }
        incidents = unrest(at: now) + 1
        lastIncident = now
    }

    /// How often it broke or stood still in the last minutes, fading.
    func unrest(at now: Moment) -> Double {
        guard let lastIncident else { return 0 }
        return incidents * Double(Float.exponential(Float(-max(0, now.seconds(since: lastIncident)) / Self.incidentMemory)))
    }

    /// Whether it is one to move to: after one incident it is again in a minute, after several later.
    func isSteady(at now: Moment) -> Bool { unrest(at: now) < Self.restless }

    private static let incidentSpan = 10.0
    private static let incidentMemory = 90.0
    private static let restless = 0.5

    /// Takes an ejection back; the suspicion stays.
    mutating func pardon() {
        ejections = max(0, ejections - 1)
        ejectedUntil = nil
        awaitsCanary = false
    }

    /// Counts fade with half a minute, so that both a bad burst and a bad hour are seen.
    private mutating func fade(to now: Moment) {
        let weight = Double(Float.exponential(Float(-max(0, now.seconds(since: counted)) / 30)))
        successes *= weight
        faults *= weight
        counted = max(counted, now)
    }
}

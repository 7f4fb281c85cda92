import SluiceRouting
import SluiceTypes

/// The segment path of the reference (specs/selection-and-reliability A8, A9).
extension ReferencePolicy {
    private func place(of sequence: SegmentSequence, in stream: Int) -> Int? {
        streams[stream].segments.firstIndex { $0.facts.sequence == sequence }
    }

    /// The next attempt of a segment: choose a session, see to its token, send.
    mutating func attempt(_ stream: Int, _ sequence: SegmentSequence, at now: Moment, actions: inout [PolicyAction]) {
        guard let place = place(of: sequence, in: stream) else { return }
        streams[stream].segments[place].attempts += 1
        guard let (pool, session) = choose(stream, place, at: now, actions: &actions) else {
            end(stream, place, SegmentFailure(.unreachable, "no session with any orchestrator"), actions: &actions)
            return
        }
        streams[stream].segments[place].pool = pool
        streams[stream].segments[place].session = session
        guard streams[stream].pools[pool].needsToken(session, at: now) else {
            submit(stream, place, at: now, actions: &actions)
            return
        }
        let attempt = streams[stream].segments[place].attempts
        let until = now.advanced(bySeconds: settings.refreshTimeout)
        streams[stream].segments[place].stage = .refreshing(until: until)
        call(
            streams[stream].pools[pool].sessions[session].orchestrator,
            for: .token(stream: stream, sequence: sequence, attempt: attempt), at: now, actions: &actions)
        actions.append(.dispatch(key(stream, place), .wake(at: until)))
    }

    /// The untrusted pool first; the other when it has nothing.
    private mutating func choose(
        _ stream: Int, _ place: Int, at now: Moment, actions: inout [PolicyAction]
    ) -> (pool: Int, session: Int)? {
        let facts = streams[stream].segments[place].facts
        for pool in streams[stream].pools.indices {
            let (session, needsRefill) = streams[stream].pools[pool].choose(facts.sequence, duration: facts.duration, at: now)
            if needsRefill { discover(stream, pool: pool, at: now, actions: &actions) }
            if let session { return (pool, session) }
        }
        return nil
    }

    private func key(_ stream: Int, _ place: Int) -> SegmentKey {
        SegmentKey(stream: streams[stream].id, sequence: streams[stream].segments[place].facts.sequence)
    }

    private mutating func submit(_ stream: Int, _ place: Int, at now: Moment, actions: inout [PolicyAction]) {
        let segment = streams[stream].segments[place]
        let session = streams[stream].pools[segment.pool].sessions[segment.session]
        let orchestrator = orchestrators[session.orchestrator]
        if !session.wasUsed {
            streams[stream].pools[segment.pool].use(segment.session)
            // A new session with an orchestrator that has had one of this stream is a stranger to it, and cold.
            if !streams[stream].used.insert(session.orchestrator).inserted {
                actions.append(.renew(streams[stream].id, orchestrator))
            }
        }
        let key = key(stream, place)
        let id = AttemptID(segment.sent)
        streams[stream].segments[place].sent += 1
        streams[stream].segments[place].renditions = 0
        streams[stream].segments[place].stage = .uploading(since: now)
        let duration = segment.facts.duration
        let role: AttemptRole = segment.sent == 0 ? .primary : .retry
        actions.append(.dispatch(key, .send(id, to: orchestrator, places: Array(0..<segment.facts.renditions), role: role)))
        actions.append(.dispatch(key, .wake(at: now.advanced(bySeconds: settings.uploadTimeout(duration: duration)))))
        actions.append(.dispatch(key, .wake(at: now.advanced(bySeconds: settings.submitTimeout(duration: duration)))))
    }

    mutating func tokenAnswered(
        _ stream: Int, _ sequence: SegmentSequence, attempt: Int, isGood: Bool, at now: Moment, actions: inout [PolicyAction]
    ) {
        guard let place = place(of: sequence, in: stream), streams[stream].segments[place].attempts == attempt,
            case .refreshing = streams[stream].segments[place].stage
        else { return }
        guard isGood else {
            failed(
                stream, place, SegmentFailure(.sessionRefused, "the session was not refreshed"), suspending: true, at: now,
                actions: &actions)
            return
        }
        let segment = streams[stream].segments[place]
        streams[stream].pools[segment.pool].renewToken(of: segment.session, at: now)
        submit(stream, place, at: now, actions: &actions)
    }

    mutating func moved(
        _ event: AttemptEvent, _ stream: Int, _ sequence: SegmentSequence, attempt: AttemptID, at now: Moment,
        actions: inout [PolicyAction]
    ) {
        // Events of an attempt that was given up do not come; those of one that is not the newest would be.
        guard let place = place(of: sequence, in: stream), attempt.rawValue == streams[stream].segments[place].sent - 1 else { return }
        switch event {
        case .accepted:
            if case .uploading(let since) = streams[stream].segments[place].stage {
                streams[stream].segments[place].stage = .transcoding(since: since)
            }
        case .transcoded: answered(stream, place, at: now, actions: &actions)
        case .firstByte: break
        case .rendition: streams[stream].segments[place].renditions += 1
        case .finished: finished(stream, place, actions: &actions)
        case .failed(let failure):
            // Bytes that are not media fail in verification, which drops the session without suspending it; an answer that breaks off
            // fails in the download.
            let isVerification = failure.reason == .protocolViolation && streams[stream].segments[place].renditions == 0
            failed(stream, place, failure, suspending: !isVerification, at: now, actions: &actions)
        }
    }

    /// The body of the answer is here: the score counts up to now, and the renditions are still to be fetched.
    private mutating func answered(_ stream: Int, _ place: Int, at now: Moment, actions: inout [PolicyAction]) {
        let since: Moment
        switch streams[stream].segments[place].stage {
        case .uploading(let begin), .transcoding(let begin): since = begin
        case .waiting, .refreshing, .downloading: return
        }
        streams[stream].segments[place].stage = .downloading(since: now, answered: now.seconds(since: since))
        actions.append(.dispatch(key(stream, place), .wake(at: now.advanced(bySeconds: settings.downloadTimeout))))
    }

    /// All renditions are down; now, and not before, they are published.
    private mutating func finished(_ stream: Int, _ place: Int, actions: inout [PolicyAction]) {
        let segment = streams[stream].segments[place]
        guard case .downloading(_, let answered) = segment.stage else { return }
        let score = settings.score(seconds: answered, duration: segment.facts.duration)
        streams[stream].pools[segment.pool].completed(segment.session, segment.facts.sequence, score: score)
        end(stream, place, nil, actions: &actions)
    }

    mutating func clockRan(_ stream: Int, _ sequence: SegmentSequence, at now: Moment, actions: inout [PolicyAction]) {
        guard let place = place(of: sequence, in: stream), let clock = streams[stream].segments[place].timeout(at: now, settings)
        else { return }
        let segment = streams[stream].segments[place]
        if case .refreshing = segment.stage {} else { actions.append(.dispatch(key(stream, place), .abort(AttemptID(segment.sent - 1)))) }
        failed(stream, place, SegmentFailure(.timedOut, "the \(clock) took too long"), suspending: true, at: now, actions: &actions)
    }

    /// An attempt is over without success: the session is dropped, and the whole segment goes elsewhere.
    private mutating func failed(
        _ stream: Int, _ place: Int, _ failure: SegmentFailure, suspending: Bool, at now: Moment, actions: inout [PolicyAction]
    ) {
        let segment = streams[stream].segments[place]
        guard failure.isWorthRetryingElsewhere else {
            streams[stream].pools[segment.pool].completed(segment.session, segment.facts.sequence, score: nil)
            end(stream, place, failure, actions: &actions)
            return
        }
        streams[stream].pools[segment.pool].drop(segment.session, suspending: suspending)
        guard segment.attempts < settings.maxAttempts else {
            end(stream, place, failure, actions: &actions)
            return
        }
        attempt(stream, segment.facts.sequence, at: now, actions: &actions)
    }

    private mutating func end(_ stream: Int, _ place: Int, _ failure: SegmentFailure?, actions: inout [PolicyAction]) {
        actions.append(.dispatch(key(stream, place), .end(failure)))
        streams[stream].segments.remove(at: place)
    }
}

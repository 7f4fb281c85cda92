import SluiceRouting
import SluiceTypes

/// How attempts and sessions end, and what faults do.
extension World {
    // MARK: Attempts

    func handle(of place: Int32) -> AttemptHandle { AttemptHandle(place: place, generation: generations[Int(place)]) }

    func isCurrent(_ handle: AttemptHandle) -> Bool { generations[Int(handle.place)] == handle.generation }

    mutating func newAttempt() -> AttemptHandle {
        if let free = freeAttempts.popLast() { return handle(of: free) }
        attempts.append(ModelledAttempt())
        generations.append(0)
        return AttemptHandle(place: Int32(attempts.count - 1), generation: 0)
    }

    /// Whatever is still due for it is void from here on.
    mutating func free(_ place: Int32) {
        attempts[Int(place)].stage = .ended
        generations[Int(place)] &+= 1
        freeAttempts.append(place)
    }

    func tell(_ handle: AttemptHandle, _ event: AttemptEvent) -> Happening? {
        guard isCurrent(handle) else { return nil }
        let attempt = attempts[Int(handle.place)]
        guard !attempt.isAborted else { return nil }
        return .attempt(handle, stream: Int(attempt.stream), sequence: Int(attempt.sequence), event)
    }

    /// - Parameter nanoseconds: of the orchestrator's own time, until the gateway knows.
    mutating func fail(_ handle: AttemptHandle, _ failure: ModelledAttempt.Failure, after nanoseconds: Double) {
        attempts[Int(handle.place)].stage = .failing
        attempts[Int(handle.place)].failure = failure
        insert(.failed(handle), after: nanoseconds, at: Int(attempts[Int(handle.place)].orchestrator))
    }

    mutating func finished(_ handle: AttemptHandle) -> Happening? {
        guard isCurrent(handle), attempts[Int(handle.place)].stage == .downloading else { return nil }
        let attempt = attempts[Int(handle.place)]
        free(handle.place)
        return .attempt(handle, stream: Int(attempt.stream), sequence: Int(attempt.sequence), .finished)
    }

    mutating func failed(_ handle: AttemptHandle) -> Happening? {
        guard isCurrent(handle) else { return nil }
        let attempt = attempts[Int(handle.place)]
        tallies[Int(attempt.orchestrator)].failures += 1
        free(handle.place)
        let failure = attempt.failure.segmentFailure
        return .attempt(handle, stream: Int(attempt.stream), sequence: Int(attempt.sequence), .failed(failure))
    }

    /// Stops transfers at once. Work on a lane goes on and is paid for (specs/selection-and-reliability A13); what waits is dropped.
    /// Does nothing when the attempt has ended.
    mutating func abort(_ handle: AttemptHandle) {
        guard isCurrent(handle), !attempts[Int(handle.place)].isAborted else { return }
        let attempt = attempts[Int(handle.place)]
        switch attempt.stage {
        case .working:
            attempts[Int(handle.place)].isAborted = true
            return
        case .uploading: dropUpload(handle.place)
        case .queued: leaveLine(handle.place)
        case .downloading: dropDownloads(handle.place)
        case .failing, .ended: break
        }
        free(handle.place)
    }

    private mutating func leaveLine(_ place: Int32) {
        let session = Int(attempts[Int(place)].session)
        sessions[session].line.removeAll { $0 == place }
        // Where it stood for a lane, the place stays; it is passed over when its turn comes.
        if sessions[session].isDetached { closeWhenAtRest(session) }
    }

    private mutating func dropUpload(_ place: Int32) {
        guard attempts[Int(place)].uploadsLeft > 0 else { return }
        let orchestrator = Int(attempts[Int(place)].orchestrator)
        let elapsed = orchestrators[orchestrator].pace.elapsed(at: now)
        orchestrators[orchestrator].inbound.drop(attempt: place, at: elapsed)
        watchInbound(orchestrator)
        dropFromUplink(place)
    }

    private mutating func dropFromUplink(_ place: Int32) {
        let gateway = Int(streams[Int(attempts[Int(place)].stream)].gateway)
        guard uplinks[gateway].link != nil else { return }
        uplinks[gateway].link?.drop(attempt: place, at: Double(now))
        watchUplink(gateway)
    }

    mutating func dropDownloads(_ place: Int32) {
        let orchestrator = Int(attempts[Int(place)].orchestrator)
        orchestrators[orchestrator].outbound.drop(attempt: place, at: orchestrators[orchestrator].pace.elapsed(at: now))
        watchOutbound(orchestrator)
    }

    // MARK: Sessions

    /// The session of this stream there, a new one if need be; `nil` when the orchestrator takes no more.
    mutating func session(of stream: Int32, at orchestrator: Int) -> Int? {
        if let session = orchestrators[orchestrator].sessionOfStream[stream] { return Int(session) }
        guard !orchestrators[orchestrator].isFull else { return nil }
        let session = ModelledSession(orchestrator: Int32(orchestrator), stream: stream, lastUse: now)
        let place: Int32
        if let free = freeSessions.popLast() {
            place = free
            sessions[Int(free)] = session
        } else {
            place = Int32(sessions.count)
            sessions.append(session)
            sessionGenerations.append(0)
        }
        orchestrators[orchestrator].sessionOfStream[stream] = place
        orchestrators[orchestrator].sessionCount += 1
        insert(.idles(session: place, generation: sessionGenerations[Int(place)]), at: now + Self.sessionIdle)
        return Int(place)
    }

    /// The gateway has a new token: its next segment there opens a new session, while the old one keeps its place until it has been
    /// silent for long enough.
    mutating func renewSession(of stream: Int, at orchestrator: Int) {
        orchestrators[orchestrator].sessionOfStream[Int32(stream)] = nil
    }

    /// The gateway says at every orchestrator that the stream is over (`EndTranscodingSession`); what is worked on is finished.
    mutating func closeSessions(of stream: Int) {
        for orchestrator in orchestrators.indices { closeSession(of: stream, at: orchestrator) }
    }

    mutating func closeSession(of stream: Int, at orchestrator: Int) {
        guard let session = orchestrators[orchestrator].sessionOfStream.removeValue(forKey: Int32(stream)) else { return }
        sessions[Int(session)].isDetached = true
        closeWhenAtRest(Int(session))
    }

    mutating func closeWhenAtRest(_ session: Int) {
        guard sessions[session].isAtRest, !sessions[session].isWaitingForLane else { return }
        let orchestrator = Int(sessions[session].orchestrator)
        let stream = sessions[session].stream
        if orchestrators[orchestrator].sessionOfStream[stream] == Int32(session) {
            orchestrators[orchestrator].sessionOfStream[stream] = nil
        }
        orchestrators[orchestrator].sessionCount -= 1
        freeSession(session)
    }

    private mutating func freeSession(_ session: Int) {
        sessions[session].stream = -1
        sessionGenerations[session] &+= 1
        freeSessions.append(Int32(session))
    }

    mutating func idles(_ session: Int, generation: UInt32) -> Happening? {
        guard sessionGenerations[session] == generation else { return nil }
        let quietSince = sessions[session].isAtRest && !sessions[session].isWaitingForLane ? sessions[session].lastUse : now
        if quietSince + Self.sessionIdle <= now {
            closeWhenAtRest(session)
        } else {
            insert(.idles(session: Int32(session), generation: generation), at: quietSince + Self.sessionIdle)
        }
        return nil
    }

    // MARK: Faults

    /// These of its faults, each later by what has gone by already, in place of those that it has.
    mutating func expect(_ faults: [FaultModel], at orchestrator: Int, horizon: Int64) {
        let later = faults.map { fault in
            var fault = fault
            fault.at += Double(now) / 1e9
            return fault
        }
        orchestrators[orchestrator].expect(later, horizon: horizon)
        for fault in later.indices { scheduleFault(fault, of: orchestrator, notBefore: now) }
    }

    mutating func scheduleFault(_ fault: Int, of orchestrator: Int, notBefore moment: Int64) {
        guard let next = orchestrators[orchestrator].calendar.occurrence(of: fault, notBefore: moment) else { return }
        insert(.faultBegins(orchestrator: Int32(orchestrator), fault: Int32(fault)), at: next.span.lowerBound)
    }

    mutating func faultBegins(_ fault: Int, at orchestrator: Int) -> Happening? {
        orchestrators[orchestrator].begin(fault: fault)
        if let current = orchestrators[orchestrator].calendar.occurrence(of: fault, notBefore: now),
            current.span.upperBound < Int64.max
        {
            insert(.faultEnds(orchestrator: Int32(orchestrator), fault: Int32(fault)), at: current.span.upperBound)
        }
        scheduleFault(fault, of: orchestrator, notBefore: now + 1)
        if orchestrators[orchestrator].model.faults[fault].kind == .crash { crash(orchestrator) }
        return nil
    }

    mutating func springs(_ stage: FaultModel.Stage, at orchestrator: Int) -> Happening? {
        if orchestrators[orchestrator].spring(stage) != nil { crash(orchestrator) }
        return nil
    }

    /// Every exchange breaks, and nobody there remembers anything.
    private mutating func crash(_ orchestrator: Int) {
        for place in attempts.indices where attempts[place].stage != .ended && Int(attempts[place].orchestrator) == orchestrator {
            let attempt = attempts[place]
            if attempt.isAborted {
                free(Int32(place))
            } else if attempt.stage != .failing {
                if attempt.stage == .uploading, attempt.uploadsLeft > 0 { dropFromUplink(Int32(place)) }
                attempts[place].stage = .failing
                attempts[place].failure = .connectionBroken
                // What the orchestrator has said before still gets here; what it would have done is void by its stage.
                insert(.failed(handle(of: Int32(place))), at: now + Int64(attempt.roundTrip / 2))
            }
        }
        for session in sessions.indices where Int(sessions[session].orchestrator) == orchestrator && sessions[session].stream >= 0 {
            freeSession(session)
        }
        orchestrators[orchestrator].forgetEverything(at: now)
    }
}

extension ModelledAttempt.Failure {
    var segmentFailure: SegmentFailure {
        switch self {
        case .connectionRefused: SegmentFailure(.unreachable, "connection refused")
        case .connectionBroken: SegmentFailure(.unreachable, "connection reset by peer")
        case .capped: SegmentFailure(.busy, "OrchestratorCapped")
        case .busy: SegmentFailure(.busy, "OrchestratorBusy")
        case .tokenRefused: SegmentFailure(.sessionRefused, "the token was refused")
        case .halfAnswer: SegmentFailure(.protocolViolation, "the answer ended after the first rendition")
        case .wrongBytes: SegmentFailure(.protocolViolation, "a rendition is not media")
        }
    }
}

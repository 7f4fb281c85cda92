import SluiceRouting

/// The way of one attempt: up, into its session's line, onto a lane, and down.
extension World {
    /// - Parameters:
    ///   - places: renditions asked for, a bit each; at least one.
    ///   - visit: how often this segment was sent to this orchestrator before.
    mutating func send(stream: Int, sequence: Int, to orchestrator: Int, places: UInt32, visit: Int) -> AttemptHandle {
        let handle = newAttempt()
        let place = Int(handle.place)
        let network = orchestrators[orchestrator].model.network
        let root = noise.word(.attempt, orchestrator, stream, sequence, visit)
        let chance = Noise.word(root, .roundTrip)
        let roundTrip =
            1e9 * (Noise.pick(network.recorded, chance) ?? network.roundTrip * Noise.factor(deviation: network.jitter, chance))
        let group = groups[Int(streams[stream].group)]
        var attempt = ModelledAttempt()
        attempt.stage = .uploading
        attempt.stream = Int32(stream)
        attempt.sequence = Int32(sequence)
        attempt.orchestrator = Int32(orchestrator)
        attempt.places = places
        attempt.missing = places
        attempt.roundTrip = roundTrip
        attempt.root = root
        for (rendition, pixels) in group.renditionPixels.enumerated() where places & (1 << UInt32(rendition)) != 0 {
            attempt.pixels += pixels
        }
        attempts[place] = attempt
        tallies[orchestrator].attempts += 1

        if orchestrators[orchestrator].condition.isDown {
            attempts[place].stage = .failing
            attempts[place].failure = .connectionRefused
            insert(.failed(handle), at: now + Int64(roundTrip))
            return handle
        }
        let hasSession = orchestrators[orchestrator].sessionOfStream[Int32(stream)] != nil
        if !hasSession, orchestrators[orchestrator].isFull {
            fail(handle, .capped, after: roundTrip)
            return handle
        }
        if orchestrators[orchestrator].condition.refusesTokens,
            orchestrators[orchestrator].refusedStreams.insert(Int32(stream)).inserted
        {
            fail(handle, .tokenRefused, after: roundTrip)
            return handle
        }
        startUpload(handle, bits: group.uploadBits)
        return handle
    }

    private mutating func startUpload(_ handle: AttemptHandle, bits: Double) {
        let attempt = attempts[Int(handle.place)]
        let orchestrator = Int(attempt.orchestrator)
        let gateway = Int(streams[Int(attempt.stream)].gateway)
        let transfer = SharedLink.Transfer(attempt: handle.place, place: 0)
        attempts[Int(handle.place)].uploadsLeft = 1
        if uplinks[gateway].link != nil {
            attempts[Int(handle.place)].uploadsLeft = 2
            uplinks[gateway].link?.start(transfer, bits: bits, at: Double(now))
            watchUplink(gateway)
        }
        let elapsed = orchestrators[orchestrator].pace.elapsed(at: now)
        orchestrators[orchestrator].inbound.start(transfer, bits: bits, at: elapsed)
        watchInbound(orchestrator)
        if orchestrators[orchestrator].condition.armed?.stage == .upload {
            insert(.springs(orchestrator: Int32(orchestrator), .upload), after: attempt.roundTrip / 2, at: orchestrator)
        }
    }

    /// One of the links has carried all of it.
    mutating func uploaded(_ place: Int32) {
        attempts[Int(place)].uploadsLeft -= 1
        guard attempts[Int(place)].uploadsLeft == 0 else { return }
        let attempt = attempts[Int(place)]
        let penalty = lossPenalty(attempt, .uploadLoss, 0)
        insert(.arrived(handle(of: place)), after: attempt.roundTrip / 2 + penalty, at: Int(attempt.orchestrator))
    }

    private func lossPenalty(_ attempt: ModelledAttempt, _ subject: Noise.Subject, _ place: Int) -> Double {
        let chance = orchestrators[Int(attempt.orchestrator)].condition.loss
        guard chance > 0, Noise.uniform(Noise.word(attempt.root, subject, place)) < chance else { return 0 }
        return Self.retransmission + attempt.roundTrip
    }

    mutating func arrived(_ handle: AttemptHandle) -> Happening? {
        guard isCurrent(handle), attempts[Int(handle.place)].stage == .uploading else { return nil }
        let attempt = attempts[Int(handle.place)]
        let orchestrator = Int(attempt.orchestrator)
        let half = attempt.roundTrip / 2
        insert(.accepted(handle), after: half, at: orchestrator)
        guard let session = session(of: attempt.stream, at: orchestrator) else {
            fail(handle, .capped, after: half)
            return nil
        }
        let service = orchestrators[orchestrator].model.service
        // The first in line is out of the queue already when none is worked on: it only waits for a lane.
        let places = service.queuedPerSession + (sessions[session].working < 0 ? 1 : 0)
        guard sessions[session].line.count < places, !orchestrators[orchestrator].condition.isBusy else {
            fail(handle, .busy, after: half)
            return nil
        }
        sessions[session].lastUse = now
        sessions[session].line.append(handle.place)
        attempts[Int(handle.place)].stage = .queued
        attempts[Int(handle.place)].session = Int32(session)
        askForLane(session)
        return nil
    }

    private mutating func askForLane(_ session: Int) {
        guard sessions[session].working < 0, !sessions[session].isWaitingForLane, !sessions[session].line.isEmpty else { return }
        let orchestrator = Int(sessions[session].orchestrator)
        if orchestrators[orchestrator].freeLanes > 0 {
            startWork(session)
        } else {
            sessions[session].isWaitingForLane = true
            orchestrators[orchestrator].laneLine.append(Int32(session))
        }
    }

    private mutating func startWork(_ session: Int) {
        let place = sessions[session].line.removeFirst()
        let orchestrator = Int(sessions[session].orchestrator)
        let isCold = sessions[session].isCold
        sessions[session].working = place
        sessions[session].isCold = false
        orchestrators[orchestrator].freeLanes -= 1

        let service = orchestrators[orchestrator].model.service
        let attempt = attempts[Int(place)]
        let chance = Noise.word(attempt.root, .work)
        var seconds: Double
        if let recorded = Noise.pick(service.recorded, chance) {
            seconds = recorded * attempt.pixels
        } else {
            seconds = service.fixed + attempt.pixels / service.pixelsPerSecond
            seconds *= Noise.factor(deviation: service.jitter, chance)
            if Noise.uniform(Noise.word(attempt.root, .tail)) < service.tailShare { seconds *= service.tailFactor }
        }
        seconds /= orchestrators[orchestrator].speed(at: now)
        if isCold { seconds += service.coldStart }
        attempts[Int(place)].stage = .working
        attempts[Int(place)].work = seconds * 1e9
        attempts[Int(place)].price = orchestrators[orchestrator].price
        insert(.worked(handle(of: place)), after: seconds * 1e9, at: orchestrator)
        if orchestrators[orchestrator].condition.armed?.stage == .transcode {
            insert(.springs(orchestrator: Int32(orchestrator), .transcode), at: now)
        }
    }

    mutating func worked(_ handle: AttemptHandle) -> Happening? {
        guard isCurrent(handle), attempts[Int(handle.place)].stage == .working else { return nil }
        let attempt = attempts[Int(handle.place)]
        let orchestrator = Int(attempt.orchestrator)
        tallies[orchestrator].cost += attempt.pixels * attempt.price
        tallies[orchestrator].work += attempt.work / 1e9
        let session = Int(attempt.session)
        sessions[session].working = -1
        sessions[session].lastUse = now
        orchestrators[orchestrator].freeLanes += 1
        if attempt.isAborted {
            free(handle.place)
        } else {
            attempts[Int(handle.place)].stage = .downloading
            attempts[Int(handle.place)].session = -1
            insert(.transcoded(handle), after: attempt.roundTrip / 2, at: orchestrator)
            insert(.downloadBegins(handle), after: attempt.roundTrip, at: orchestrator)
        }
        // It goes behind those that wait already.
        if sessions[session].isAtRest {
            if sessions[session].isDetached { closeWhenAtRest(session) }
        } else {
            sessions[session].isWaitingForLane = true
            orchestrators[orchestrator].laneLine.append(Int32(session))
        }
        fillLanes(orchestrator)
        return nil
    }

    private mutating func fillLanes(_ orchestrator: Int) {
        while orchestrators[orchestrator].freeLanes > 0, let session = orchestrators[orchestrator].laneLine.popFirst() {
            sessions[Int(session)].isWaitingForLane = false
            if sessions[Int(session)].line.isEmpty {
                if sessions[Int(session)].isDetached { closeWhenAtRest(Int(session)) }
            } else {
                startWork(Int(session))
            }
        }
    }

    mutating func downloadBegins(_ handle: AttemptHandle) -> Happening? {
        guard isCurrent(handle), attempts[Int(handle.place)].stage == .downloading else { return nil }
        let attempt = attempts[Int(handle.place)]
        let orchestrator = Int(attempt.orchestrator)
        let condition = orchestrators[orchestrator].condition
        let chance = Noise.uniform(Noise.word(attempt.root, .flaw))
        if chance < condition.wrongBytes {
            attempts[Int(handle.place)].flaw = .wrongBytes
        } else if chance < condition.wrongBytes + condition.halfAnswers {
            attempts[Int(handle.place)].flaw = .halfAnswer
        }
        let elapsed = orchestrators[orchestrator].pace.elapsed(at: now)
        let bits = groups[Int(streams[Int(attempt.stream)].group)].renditionBits
        for place in bits.indices where attempt.places & (1 << UInt32(place)) != 0 {
            orchestrators[orchestrator].outbound.start(
                .init(attempt: handle.place, place: UInt8(place)), bits: bits[place], at: elapsed)
        }
        watchOutbound(orchestrator)
        insert(.firstByte(handle), after: attempt.roundTrip / 2, at: orchestrator)
        if condition.armed?.stage == .download { insert(.springs(orchestrator: Int32(orchestrator), .download), at: now) }
        return nil
    }

    mutating func downloaded(_ transfer: SharedLink.Transfer) {
        let attempt = attempts[Int(transfer.attempt)]
        let penalty = lossPenalty(attempt, .downloadLoss, Int(transfer.place))
        insert(
            .rendition(handle(of: transfer.attempt), place: transfer.place), after: attempt.roundTrip / 2 + penalty,
            at: Int(attempt.orchestrator))
    }

    mutating func rendition(_ handle: AttemptHandle, place: Int) -> Happening? {
        guard isCurrent(handle), attempts[Int(handle.place)].stage == .downloading else { return nil }
        let attempt = attempts[Int(handle.place)]
        if attempt.flaw == .wrongBytes {
            attempts[Int(handle.place)].failure = .wrongBytes
            attempts[Int(handle.place)].stage = .failing
            dropDownloads(handle.place)
            return failed(handle)
        }
        attempts[Int(handle.place)].missing &= ~(1 << UInt32(place))
        if attempts[Int(handle.place)].missing == 0 {
            insert(.finished(handle), at: now)
        } else if attempt.flaw == .halfAnswer {
            attempts[Int(handle.place)].failure = .halfAnswer
            attempts[Int(handle.place)].stage = .failing
            dropDownloads(handle.place)
            insert(.failed(handle), at: now)
        }
        return tell(handle, .rendition(place: place))
    }
}

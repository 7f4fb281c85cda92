import SluiceRouting

/// Discovery of the reference: in the start path of a stream, and again whenever a pool runs low (specs/selection-and-reliability A3, A4).
extension ReferencePolicy {
    /// Starts a round for one pool of a stream, unless one is under way. The empty pool's is over at once.
    mutating func discover(_ stream: Int, pool: Int, at now: Moment, actions: inout [PolicyAction]) {
        guard !streams[stream].isClosed, streams[stream].pools[pool].beginRefresh() else { return }
        let members = streams[stream].pools[pool].members
        let wanted = streams[stream].pools[pool].wanted
        streams[stream].rounds[pool] = ReferenceDiscovery(asked: members.count, wanted: wanted, at: now)
        streams[stream].roundCounts[pool] += 1
        let number = streams[stream].roundCounts[pool]
        guard !members.isEmpty else {
            endRound(stream, pool: pool, at: now, actions: &actions)
            return
        }
        for member in members { call(member, for: .round(stream: stream, pool: pool, number: number), at: now, actions: &actions) }
        for (place, seconds) in settings.discoveryTicks.enumerated() {
            let isLast = place == settings.discoveryTicks.count - 1
            let due = now.advanced(bySeconds: seconds)
            ticks.insert(Tick(stream: stream, pool: pool, round: number, isLast: isLast), at: due)
            actions.append(.wake(at: due))
        }
    }

    mutating func roundAnswered(
        _ stream: Int, pool: Int, number: Int, by orchestrator: Int, isGood: Bool, roundTrip: Double, at now: Moment,
        actions: inout [PolicyAction]
    ) {
        // Answers to a round that is over are thrown away.
        guard number == streams[stream].roundCounts[pool], streams[stream].rounds[pool] != nil else { return }
        let penalty = streams[stream].pools[pool].suspension.penalty(of: orchestrator)
        let isOver =
            streams[stream].rounds[pool]?.answered(orchestrator, isGood: isGood, roundTrip: roundTrip, penalty: penalty) ?? false
        if isOver { endRound(stream, pool: pool, at: now, actions: &actions) }
    }

    mutating func ticked(_ tick: Tick, at now: Moment, actions: inout [PolicyAction]) {
        guard tick.round == streams[tick.stream].roundCounts[tick.pool], let round = streams[tick.stream].rounds[tick.pool],
            round.tick(isLast: tick.isLast)
        else { return }
        endRound(tick.stream, pool: tick.pool, at: now, actions: &actions)
    }

    private mutating func endRound(_ stream: Int, pool: Int, at now: Moment, actions: inout [PolicyAction]) {
        let found = streams[stream].rounds[pool]?.result ?? []
        streams[stream].rounds[pool] = nil
        streams[stream].pools[pool].endRefresh(found, at: now)
        guard !streams[stream].isReady else { return }
        // The start path: one pool after the other, and every segment waits for both.
        if pool == 0 {
            discover(stream, pool: 1, at: now, actions: &actions)
        } else {
            streams[stream].isReady = true
            for sequence in streams[stream].segments.map(\.facts.sequence) { attempt(stream, sequence, at: now, actions: &actions) }
        }
    }
}

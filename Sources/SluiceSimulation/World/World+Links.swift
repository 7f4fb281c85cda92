/// The links, as events: one waits for the next transfer of each to be done. When something starts it comes later, and the event that
/// waits finds nothing done and is put down again; only what comes earlier needs a new one.
extension World {
    mutating func watchUplink(_ gateway: Int) {
        guard let next = uplinks[gateway].link?.nextFinish else { return }
        let moment = Int64(next.rounded(.up))
        guard moment < uplinks[gateway].due else { return }
        uplinks[gateway].due = max(moment, now)
        insert(.uplink(gateway: Int32(gateway)), at: moment)
    }

    mutating func uplinkMoved(_ gateway: Int) -> Happening? {
        guard uplinks[gateway].due == now else { return nil }
        uplinks[gateway].due = .max
        while let transfer = uplinks[gateway].link?.takeFinished(at: Double(now)) { uploaded(transfer.attempt) }
        watchUplink(gateway)
        return nil
    }

    mutating func watchInbound(_ orchestrator: Int) {
        guard let next = orchestrators[orchestrator].inbound.nextFinish,
            let moment = orchestrators[orchestrator].pace.moment(elapsed: next), moment < orchestrators[orchestrator].inboundDue
        else { return }
        orchestrators[orchestrator].inboundDue = max(moment, now)
        insert(.inbound(Int32(orchestrator)), at: moment)
    }

    mutating func inboundMoved(_ orchestrator: Int) -> Happening? {
        guard orchestrators[orchestrator].inboundDue == now else { return nil }
        orchestrators[orchestrator].inboundDue = .max
        let elapsed = orchestrators[orchestrator].pace.elapsed(at: now)
        while let transfer = orchestrators[orchestrator].inbound.takeFinished(at: elapsed) { uploaded(transfer.attempt) }
        watchInbound(orchestrator)
        return nil
    }

    mutating func watchOutbound(_ orchestrator: Int) {
        guard let next = orchestrators[orchestrator].outbound.nextFinish,
            let moment = orchestrators[orchestrator].pace.moment(elapsed: next), moment < orchestrators[orchestrator].outboundDue
        else { return }
        orchestrators[orchestrator].outboundDue = max(moment, now)
        insert(.outbound(Int32(orchestrator)), at: moment)
    }

    mutating func outboundMoved(_ orchestrator: Int) -> Happening? {
        guard orchestrators[orchestrator].outboundDue == now else { return nil }
        orchestrators[orchestrator].outboundDue = .max
        let elapsed = orchestrators[orchestrator].pace.elapsed(at: now)
        while let transfer = orchestrators[orchestrator].outbound.takeFinished(at: elapsed) { downloaded(transfer) }
        watchOutbound(orchestrator)
        return nil
    }
}

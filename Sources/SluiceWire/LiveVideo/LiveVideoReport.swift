package import SluiceTypes

extension LiveVideoForms {
    /// The worker's newest word on its state, with ours beside it (specs/live-ai-protocol §2.3).
    package static func report(_ status: LiveVideoStatus) -> JSONTree {
        var members: [JSONTree.Member] = []
        if let text = status.events["status"], let tree = try? JSONTree(parsing: text.utf8), case .object(let told) = tree {
            members = told
        }
        func put(_ key: String, _ value: JSONTree) {
            members.removeAll { $0.key == key }
            members.append(.init(key, value))
        }
        put("type", "status")
        put("pipeline", .text(status.request.order.model))
        if !members.contains(where: { $0.key == "state" }) { put("state", .text(state(status.phase))) }
        put("stream", .text(status.source.rawValue))
        put("stream_id", .text(status.request.order.streamID))
        put("pipeline_id", .text(status.request.order.pipelineID))
        put("request_id", .text(status.request.request))
        put(
            "orchestrator_info",
            .members(["address": "", "url": .text(status.orchestrator?.rawValue ?? "")]))
        put("gateway_status", gateway(status))
        return .object(members)
    }

    static func error(_ status: LiveVideoStatus) -> JSONTree? {
        status.lastError.map { .members(["error_message": .text($0), "error_time": .int(Int(status.lastErrorTime / 1_000_000))]) }
    }

    private static func state(_ phase: LiveVideoStatus.Phase) -> String {
        switch phase {
        case .searching, .starting: "LOADING"
        case .online: "ONLINE"
        case .ended: "OFFLINE"
        }
    }

    private static func gateway(_ status: LiveVideoStatus) -> JSONTree {
        let others = status.events.filter { $0.key != "status" }.sorted { $0.key < $1.key }
        return .members([
            "phase": .text(status.phase.rawValue), "output": .text(status.output.rawValue), "session": .text(status.manifest),
            "showing": .text(status.showing.rawValue), "standby": status.standby.map { .text($0.rawValue) },
            "sound": status.sound.map { .text($0) },
            "swap_gap_ms": status.swapGapMs.map { .number($0.rounded()) },
            "outputs": .list(
                status.pushes.map { push in
                    .members([
                        "url": .text(push.target), "connected": .bool(push.isConnected), "reconnects": .int(push.reconnects),
                        "error": push.lastError.map { .text($0) },
                    ])
                }),
            "pictures": .int(status.frames), "swaps": .int(status.swaps),
            "first_picture_ms": status.firstPictureMs.map { .number($0.rounded()) },
            "error": error(status),
            "events": .object(others.map { .init($0.key, (try? JSONTree(parsing: $0.value.utf8)) ?? .text($0.value)) }),
        ])
    }
}

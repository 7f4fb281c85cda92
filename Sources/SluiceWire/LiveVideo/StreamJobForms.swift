package import SluiceTypes

/// The JSON of BYOC streams on a gateway (specs/byoc §6.1).
package enum StreamJobForms {
    /// Bytes of a start call and of an update; the reference's.
    package static let longest = 10 << 20

    /// What a start call names.
    package struct Start: Sendable {
        package var stream: StreamID
        /// RTMP URLs; commas stand between them.
        package var outputs: [String]
        /// A JSON object.
        package var parameters: String
    }

    /// - Parameter random: the second part of the name of a stream whose client gives none.
    package static func start(_ body: some Sequence<UInt8>, random: String) throws(JSONFault) -> Start {
        let tree = try JSONTree(parsing: body)
        guard case .object = tree else { throw JSONFault("a start call is a JSON object, such as {\"stream_name\":\"cam\"}") }
        let fields = JSONFields(tree)
        let name = try fields.text("stream_name", longest: RunnerForm.longestText)
        let second = try fields.text("stream_id", longest: RunnerForm.longestText)
        let parts = [name, second.isEmpty ? random : second].filter { !$0.isEmpty }
        let whole = parts.joined(separator: "-")
        guard whole.utf8.allSatisfy(RunnerForm.isUnreserved), whole.utf8.count <= longestName, let stream = StreamID(whole) else {
            throw JSONFault(
                "stream_name and stream_id make the name '\(whole.prefix(200))'; letters, digits, '-', '_' and '.' are right, \(longestName) at most"
            )
        }
        // No URL has a space in it.
        let outputs = try fields.text("rtmp_output", longest: RunnerForm.longestURL).filter { !$0.isWhitespace }
        return Start(stream: stream, outputs: outputs.split(separator: ",").map(String.init), parameters: try parameters(tree["params"]))
    }

    /// Orchestrators of ours take no longer identifiers.
    private static let longestName = 128

    /// Text that holds JSON; taken as JSON itself, too.
    private static func parameters(_ given: JSONTree?) throws(JSONFault) -> String {
        let tree: JSONTree
        switch given ?? .null {
        case .null: return "{}"
        case .text(let text) where text.isEmpty: return "{}"
        case .text(let text):
            do { tree = try JSONTree(parsing: text.utf8) } catch { throw JSONFault("params: text that holds JSON is right; \(error)") }
        case let other: tree = other
        }
        if tree.isNull { return "{}" }
        guard case .object = tree else { throw JSONFault("params: a JSON object is right, such as \"{\\\"strength\\\":0.5}\"") }
        return tree.text
    }

    /// A later worker of the stream is started with it, so it is an object as there.
    package static func update(_ body: some Collection<UInt8>) throws(JSONFault) {
        guard !body.isEmpty, case .object = try JSONTree(parsing: body) else {
            throw JSONFault("an update is a JSON object, such as {\"strength\":0.5}")
        }
    }

    /// To an orchestrator's `/ai/stream/start`.
    package static func workerStart(_ parameters: String) throws(JSONFault) -> String {
        JSONTree.members(["params": try LiveVideoForms.parameters(parameters)]).text
    }

    /// Where clients find a stream's legs: empty where it has none.
    package struct Places: Sendable {
        /// `http://HOST:PORT` and `rtmp://HOST:PORT`, without a slash at their end.
        package var http: String
        package var rtmp: String

        package init(http: String, rtmp: String) {
            self.http = http
            self.rtmp = rtmp
        }
    }

    /// The reference's answer, in its order, and what it has none of behind that.
    package static func started(_ status: LiveVideoStatus, _ places: Places) -> JSONTree {
        let job = status.request.order.job
        let base = "\(places.http)/process/stream/\(status.source)"
        let hasInput = job?.takesVideo ?? false
        let hasOutput = job?.makesVideo ?? false
        func output(_ url: String) -> JSONTree? { hasOutput ? .text(url) : nil }
        return .members([
            "stream_id": .text(status.source.rawValue),
            // There is no WebRTC here.
            "whip_url": "", "whep_url": "", "rtmp_url": hasInput ? .text("\(places.rtmp)/live/\(status.source)") : "",
            "rtmp_output_url": .text(hasOutput ? status.request.order.outputs.joined(separator: ",") : ""),
            "update_url": .text("\(base)/update"), "status_url": .text("\(base)/status"),
            "data_url": job?.saysData == true ? .text("\(base)/data") : "", "stop_url": .text("\(base)/stop"),
            "events_url": .text("\(base)/events"),
            "http_push_url": hasInput ? .text("\(places.http)/live/\(status.source)/{number}.ts") : nil,
            "hls_url": output("\(places.http)/stream/\(status.output).m3u8"),
            "ll_hls_url": output("\(places.http)/ll/\(status.output).m3u8"),
            "trickle_url": output("\(places.http)/ai/trickle/\(status.output)"),
        ])
    }

    /// As for live video, flat, and with the reference's own keys.
    package static func report(_ status: LiveVideoStatus) -> JSONTree {
        guard case .object(var members) = LiveVideoForms.report(status) else { return .object([]) }
        members.append(.init("orchestrator", .text(status.orchestrator?.rawValue ?? "")))
        members.append(.init("whep_url", ""))
        members.append(.init("capability", .text(status.request.order.model)))
        if let error = LiveVideoForms.error(status) { members.append(.init("error", error)) }
        return .object(members)
    }
}

package import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

/// Trickle channels over HTTP (specs/trickle-protocol §2 to §6): paths, codes and texts of the reference's server.
package struct TrickleEndpoint: HTTPLoopResponder {
    /// Where an orchestrator has it.
    package static let orchestratorBase = "/ai/trickle/"

    let table: TrickleTable
    let base: String
    /// Between interim answers to a publisher who sends nothing yet, so that nobody between takes the connection for dead.
    let interimTime: Duration
    let isPrivate: @Sendable () -> Bool

    /// - Parameters:
    ///   - base: begins and ends with a slash.
    ///   - isPrivate: whether readers are asked who they are: no cache gives one's segment to another then.
    package init(
        table: TrickleTable, base: String = Self.orchestratorBase, interimTime: Duration = .seconds(10),
        isPrivate: @escaping @Sendable () -> Bool = { false }
    ) {
        self.isPrivate = isPrivate
        self.table = table
        self.base = base
        self.interimTime = interimTime
    }

    package func takes(_ request: HTTPRequest) -> Bool { request.path?.hasPrefix(base) ?? false }

    package func begin(_ request: HTTPRequest, _ conversation: HTTPConversation) -> (any HTTPLoopExchange)? {
        let path = request.path ?? ""
        guard path.utf8.count <= base.utf8.count + 2 * TrickleTable.longestName else {
            refuse(.uriTooLong, "a channel's name may have \(TrickleTable.longestName) bytes", conversation)
            return nil
        }
        let isReading = request.method == .get || request.method == .head
        switch (TrickleRoute(path, base: base), request.method) {
        case (.channel(let name), .post): create(name, request, conversation)
        case (.channel(let name), .delete): delete(name, conversation)
        case (.channel, _): disallow("DELETE, POST", conversation)
        case (.segment(let name, "next"), _) where isReading: next(of: name, conversation)
        case (.segment(let name, let index), .post): return publish(name, index, request, conversation)
        case (.segment(let name, let index), _) where isReading: return subscribe(name, index, request, conversation)
        case (.segment(let name, let index), .delete): deleteSegment(name, index, conversation)
        case (.segment, _): disallow("DELETE, GET, HEAD, POST", conversation)
        case (nil, _): refuse(.notFound, "404 page not found", conversation)
        }
        return nil
    }

    // MARK: segments

    private func publish(
        _ name: String, _ index: String, _ request: HTTPRequest, _ conversation: HTTPConversation
    ) -> (any HTTPLoopExchange)? {
        let sequence: Int64?
        switch TrickleIndex(index) {
        case .number(let number): sequence = number
        case .next: sequence = nil
        case .newest, nil:
            refuse(.badRequest, Self.badIndex, conversation)
            return nil
        }
        let resets = !(request.headerFields[.trickleReset] ?? "").isEmpty
        if case .unknown = table.find(name, for: .write), table.settings.autocreate {
            if let sequence, !resets, table.hasEnded(name, before: sequence) {
                conversation.send(
                    .ok, headers: [.trickleSequence: "\(sequence)", .trickleClosed: "terminated", .connection: "close"])
                return nil
            }
            guard create(name, contentType: request.headerFields[.contentType], conversation) else { return nil }
        }
        switch table.find(name, for: .write) {
        case .channel(let relay):
            switch relay.open(sequence, resets: resets) {
            case .segment(let segment):
                if request.headerFields[.expect]?.lowercased() == "100-continue" { conversation.encourage() }
                let upload = TrickleUpload(to: segment, of: relay, self, conversation)
                upload.start()
                return upload
            case .finished(let sequence):
                conversation.send(.ok, headers: [.trickleSequence: "\(sequence)", .connection: "close"])
            case .closed: refuse(.notFound, Self.noChannel, conversation, closes: true)
            }
        case .forbidden: forbid(.write, conversation)
        case .unknown, .closed: refuse(.notFound, Self.noChannel, conversation, closes: true)
        }
        return nil
    }

    private func subscribe(
        _ name: String, _ index: String, _ request: HTTPRequest, _ conversation: HTTPConversation
    ) -> (any HTTPLoopExchange)? {
        guard let index = TrickleIndex(index) else {
            refuse(.badRequest, Self.badIndex, conversation)
            return nil
        }
        let found = table.find(name, for: .read)
        switch found {
        case .channel(let relay), .closed(let relay):
            switch relay.subscribe(to: index) {
            case .reader(let reader, let segment, let latest):
                let question = TrickleDownload.Question(
                    latest: latest, isHead: request.method == .head,
                    dropsOnCut: request.headerFields[.trickleOnCut]?.lowercased() == "drop",
                    knownTag: request.headerFields[.ifNoneMatch], isPrivate: isPrivate())
                let download = TrickleDownload(reader: reader, of: segment, on: relay, table, question, conversation)
                download.start()
                return download
            case .notFound(let sequence, let latest):
                miss(HTTPResponse.Status(code: 470, reasonPhrase: "status code 470"), sequence, latest, conversation)
            case .closed(let sequence, let latest):
                if case .closed = found {
                    refuse(.notFound, Self.noChannel, conversation)
                } else {
                    miss(.ok, sequence, latest, conversation, headers: [.trickleClosed: "terminated"])
                }
            case .full(let limit):
                table.metrics.refused.increment()
                refuse(.tooManyRequests, "the channel has \(limit) readers, its limit", conversation)
            }
        case .forbidden: forbid(.read, conversation)
        case .unknown: refuse(.notFound, Self.noChannel, conversation)
        }
        return nil
    }

    private func miss(
        _ status: HTTPResponse.Status, _ sequence: Int64, _ latest: Int64, _ conversation: HTTPConversation, headers: HTTPFields = [:]
    ) {
        var headers = headers
        headers[.trickleSequence] = "\(sequence)"
        headers[.trickleLatest] = "\(latest)"
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.cacheControl] = "no-store"
        conversation.send(status, headers: headers, body: ByteBuffer(string: "Entry not found"))
    }

    private func deleteSegment(_ name: String, _ index: String, _ conversation: HTTPConversation) {
        switch table.find(name, for: .write) {
        case .channel(let relay):
            guard let index = TrickleIndex(index) else { return refuse(.badRequest, Self.badIndex, conversation) }
            // -1 and -2 name no segment here.
            guard case .number(let sequence) = index, relay.closeSegment(sequence) else {
                return refuse(.badRequest, "Nonexistent segment", conversation)
            }
            conversation.send(.ok)
        case .forbidden: forbid(.write, conversation)
        case .unknown, .closed: refuse(.notFound, Self.noChannel, conversation)
        }
    }

    // MARK: channels

    private func create(_ name: String, _ request: HTTPRequest, _ conversation: HTTPConversation) {
        switch table.find(name, for: .write) {
        case .channel: return conversation.send(.ok)
        case .forbidden: return forbid(.write, conversation)
        case .unknown, .closed: break
        }
        guard table.settings.autocreate else { return refuse(.notFound, Self.noChannel, conversation) }
        guard create(name, contentType: request.headerFields[.expectContent], conversation) else { return }
        conversation.send(.ok)
    }

    /// - Returns: `false` when the request has been answered with why not.
    private func create(_ name: String, contentType: String?, _ conversation: HTTPConversation) -> Bool {
        do {
            try table.create(name, contentType: contentType ?? "")
            return true
        } catch .badName(let text) {
            refuse(.badRequest, text, conversation, closes: true)
        } catch .limitReached(let text) {
            table.metrics.refused.increment()
            refuse(.tooManyRequests, text, conversation, closes: true)
        } catch {
            refuse(.notFound, Self.noChannel, conversation, closes: true)
        }
        return false
    }

    private func delete(_ name: String, _ conversation: HTTPConversation) {
        switch table.find(name, for: .write) {
        case .channel:
            table.close(name)
            conversation.send(.ok)
        case .forbidden: forbid(.write, conversation)
        // As the reference has it, not 404.
        case .unknown, .closed: refuse(.badRequest, "Invalid stream", conversation)
        }
    }

    private func next(of name: String, _ conversation: HTTPConversation) {
        // Publishers ask to find out where to go on, subscribers where to begin.
        var found = table.find(name, for: .read)
        if case .forbidden = found { found = table.find(name, for: .write) }
        guard case .channel(let relay) = found else { return refuse(.notFound, Self.noChannel, conversation) }
        let latest = "\(relay.nextWrite)"
        conversation.send(
            .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store", .trickleLatest: latest],
            body: ByteBuffer(string: latest))
    }

    // MARK: refusals

    private static let noChannel = "Stream not found"
    private static let badIndex = "Invalid idx"

    /// - Parameter closes: the connection, so that a publisher's next segment, announced on it, is not stuck behind this one.
    func refuse(
        _ status: HTTPResponse.Status, _ text: String, _ conversation: HTTPConversation, headers: HTTPFields = [:], closes: Bool = false
    ) {
        var headers = headers
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.xContentTypeOptions] = "nosniff"
        headers[.cacheControl] = "no-store"
        if closes { headers[.connection] = "close" }
        conversation.send(status, headers: headers, body: ByteBuffer(string: text + "\n"))
    }

    private func forbid(_ wanted: TrickleTable.Rights, _ conversation: HTTPConversation) {
        let text = wanted == .write ? "this URL is for reading; publish to the one for writing" : "this URL is for writing; read the other"
        refuse(.forbidden, text, conversation, closes: wanted == .write)
    }

    private func disallow(_ methods: String, _ conversation: HTTPConversation) {
        refuse(.methodNotAllowed, "Method Not Allowed", conversation, headers: [.allow: methods])
    }
}

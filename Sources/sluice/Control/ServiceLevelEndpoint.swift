import Foundation
import HTTPTypes
import NIOCore
import SluiceGateway
import SluiceNetwork
import SluiceRouting
import SluiceTypes

/// Service levels at the admin port, shown and changed while streams run:
///
///     GET  /routing/sla[?tenant=NAME|?stream=ID]      without either the node's
///     POST /routing/sla[?tenant=NAME|?stream=ID]      a JSON object with what is to change
///
/// Both say whether somebody keeps the level, and if not, who comes nearest.
struct ServiceLevelEndpoint: Sendable {
    /// A service level is a few hundred bytes.
    private static let longestBody = 64 << 10

    let route: RouteStage
    let levels: ServiceLevels
    let isLive: @Sendable (StreamID) -> Bool
    /// Called after a change, with what was changed in words.
    var told: @Sendable (_ words: String, _ stream: StreamID?) -> Void = { _, _ in }

    func show(_ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let subject = try await subject(query, writer) else { return }
        try await send(subject, writer)
    }

    func change(_ request: HTTPServerRequest, _ query: Query, _ writer: HTTPResponseWriter) async throws {
        guard let subject = try await subject(query, writer) else { return }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: Self.longestBody) } catch is HTTPBodyTooLarge {
            return try await writer.send(problem: .contentTooLarge, "more than \(Self.longestBody) bytes")
        }
        do {
            let change = try ServiceLevelChange(json: Data(body.readableBytesView))
            switch subject {
            case .node: levels.changeNode(change)
            case .tenant(let name): levels.change(tenant: name, change)
            case .stream(let stream):
                guard levels.change(stream: stream, change) else {
                    return try await writer.send(problem: .notFound, "stream '\(stream)' has just ended")
                }
            }
        } catch let error as SettingsError {
            return try await writer.send(problem: .badRequest, "\(error)")
        }
        route.renewServiceLevels(node: levels.node)
        told("changed what is promised to \(subject.words)", subject.stream)
        try await send(subject, writer)
    }

    private func send(_ subject: ServiceLevels.Subject, _ writer: HTTPResponseWriter) async throws {
        let level =
            switch subject {
            case .node: levels.node
            case .tenant(let name): levels.level(ofTenant: name) ?? levels.node
            case .stream(let stream): levels.level(of: stream)
            }
        try await writer.send(json: ServiceLevelAnswer(level, route.check(level, of: subject.stream)))
    }

    /// - Returns: `nil` when the client was told that there is none.
    private func subject(_ query: Query, _ writer: HTTPResponseWriter) async throws -> ServiceLevels.Subject? {
        if let name = query["stream"] {
            if let stream = StreamID(name), isLive(stream) { return .stream(stream) }
            try await writer.send(problem: .notFound, "no live stream '\(name)'; /routing/sla?stream=ID")
            return nil
        }
        if let name = query["tenant"] {
            if levels.level(ofTenant: name) != nil { return .tenant(name) }
            let known = levels.tenantNames.isEmpty ? "none" : levels.tenantNames.joined(separator: ", ")
            try await writer.send(problem: .notFound, "no tenant '\(name)'; the settings have \(known)")
            return nil
        }
        return .node
    }
}

extension ServiceLevels.Subject {
    fileprivate var stream: StreamID? {
        if case .stream(let stream) = self { stream } else { nil }
    }

    fileprivate var words: String {
        switch self {
        case .node: "the node"
        case .tenant(let name): "tenant \(name)"
        case .stream(let stream): "stream \(stream)"
        }
    }
}

import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork
import SluiceTypes
import Synchronization

/// Asks the operator's own server whether a publisher may begin, as the reference does: `POST {"url": …}`; any status but 200 is a
/// no (specs/gateway-surface §4). Bounded in time and size; nobody is let in without an answer.
final class AuthWebhook: Sendable {
    /// An answer with ten profiles is two kilobytes.
    private static let largestAnswer = 256 << 10
    /// A publisher who was refused and comes again at once (a pusher does so with every segment) gets the answer he had.
    private static let memory: Duration = .seconds(2)
    private static let mostRemembered = 1024

    private struct Question: Encodable {
        var url: String
        /// Ours, beside the reference's only field.
        var remoteAddress: String
        /// Ours: `read` for a viewer; not there for a publisher, whom alone the reference asks about.
        var action: String?
    }

    private struct Refusal {
        var reason: PublishRefusal
        var at: ContinuousClock.Instant
    }

    private let url: RemoteURL
    let timeout: Duration
    private let connection: HTTPClientConnection
    private let duration: Histogram
    private let refusals: Mutex<[String: Refusal]> = Mutex([:])

    /// Of all calls of a gateway, whoever is asked and how often the settings change.
    static func durations(in registry: MetricRegistry, node: String = HostName.own) -> Histogram {
        registry.histogram(
            "livepeer_auth_webhook_time_milliseconds", help: "Calls of the auth webhook, under the reference's name for them.",
            buckets: [100, 250, 500, 750, 1000, 1500, 2000, 2500, 3000, 5000, 10_000], labels: ["node_id": node, "node_type": "bctr"])
    }

    init(url: RemoteURL, timeout: Duration, group: any EventLoopGroup, duration: Histogram) throws {
        self.url = url
        self.timeout = timeout
        var settings = HTTPClientConnection.Settings()
        settings.verifiesCertificates = true
        connection = try HTTPClientConnection(authority: url.authority, settings: settings, group: group)
        self.duration = duration
    }

    func ask(_ request: PublishRequest) async throws(PublishRefusal) -> AuthAnswer {
        if let known = refusal(of: request.url) { throw known }
        let began = ContinuousClock.now
        defer { duration.observe(began.duration(to: .now).inMilliseconds) }
        let status: HTTPResponse.Status
        let body: ByteBuffer
        do { (status, body) = try await call(Question(url: request.url, remoteAddress: request.remoteAddress)) } catch {
            throw .denied("the auth webhook at \(url.authority) did not answer: \(error)")
        }
        guard status == .ok else { throw remember(.denied("the auth webhook answered \(status.code)"), request.url) }
        do { return try AuthAnswer(body) } catch {
            switch error {
            case .unreadable: throw .denied("\(error)")
            case .unusable: throw .unusable("\(error)")
            }
        }
    }

    /// Whether a viewer may see a stream: 200 is a yes, whatever its body.
    func mayView(_ request: ViewRequest) async throws(PublishRefusal) {
        let began = ContinuousClock.now
        defer { duration.observe(began.duration(to: .now).inMilliseconds) }
        let url = request.token.map { "\(request.url)?token=\(Query.escaped($0))" } ?? request.url
        let status: HTTPResponse.Status
        do { (status, _) = try await call(Question(url: url, remoteAddress: request.remoteAddress, action: "read")) } catch {
            throw .denied("the auth webhook at \(self.url.authority) did not answer: \(error)")
        }
        guard status == .ok else { throw .denied("the auth webhook answered \(status.code)") }
    }

    func close() async { await connection.close() }

    /// A connection that could not be made, or that broke, is tried once more.
    private func call(_ question: Question) async throws -> (HTTPResponse.Status, ByteBuffer) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let body = ByteBuffer(bytes: try encoder.encode(question))
        let head = HTTPRequest(
            method: .post, scheme: url.authority.isSecure ? "https" : "http", authority: url.authority.name, path: url.path,
            headerFields: [.contentType: "application/json", .contentLength: "\(body.readableBytes)"])
        let connection = connection
        return try await within(timeout, orThrow: SettingsError("no answer within \(self.timeout)")) {
            @Sendable func once() async throws -> (HTTPResponse.Status, ByteBuffer) {
                try await connection.exchange(head, body: body) { answer, body in
                    (answer.status, try await body.collect(upTo: Self.largestAnswer))
                }
            }
            do { return try await once() } catch HTTPClientError.connect, HTTPClientError.closedEarly { return try await once() }
        }
    }

    private func refusal(of url: String) -> PublishRefusal? {
        let now = ContinuousClock.now
        return refusals.withLock { refusals in
            guard let known = refusals[url], known.at.duration(to: now) < Self.memory else { return nil }
            return known.reason
        }
    }

    private func remember(_ reason: PublishRefusal, _ url: String) -> PublishRefusal {
        let now = ContinuousClock.now
        refusals.withLock { refusals in
            refusals = refusals.filter { $0.value.at.duration(to: now) < Self.memory }
            if refusals.count < Self.mostRemembered { refusals[url] = Refusal(reason: reason, at: now) }
        }
        return reason
    }
}

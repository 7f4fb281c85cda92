import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire

@testable import SluiceNetwork

/// A trickle server on the loopback for the length of a test.
struct TrickleDoor: Sendable {
    let table: TrickleTable
    let registry: MetricRegistry
    let port: Int

    static func opened(
        tls: Bool = false, interimTime: Duration = .seconds(10), _ adjust: (inout TrickleTable.Settings) -> Void = { _ in },
        _ body: (TrickleDoor) async throws -> Void
    ) async throws {
        var settings = TrickleTable.Settings()
        settings.autocreate = true
        adjust(&settings)
        let registry = MetricRegistry()
        let table = TrickleTable(settings: settings, registry: registry, logger: TestServer.quiet)
        let endpoint = TrickleEndpoint(table: table, interimTime: interimTime)
        try await TestServer.serving(Elsewhere(), loop: endpoint, tls: tls) { peer in
            try await body(TrickleDoor(table: table, registry: registry, port: peer.port))
        }
    }

    func relay(_ name: String) throws -> TrickleRelay {
        guard case .channel(let relay) = table.find(name, for: .read) else { throw NoRelay() }
        return relay
    }

    /// Waits until so many readers are in the channel: what a test does before it writes.
    ///
    /// - Parameter limit: for peers that may never come.
    func readers(_ count: Int, of name: String, within limit: Duration = .seconds(60)) async throws {
        try await until(name, within: limit) { $0.readers == count }
    }

    /// Waits until so many publishers are at it; the first may make the channel.
    func writers(_ count: Int, of name: String) async throws {
        try await until(name) { $0.writers == count }
    }

    /// Waits until so many bytes have come in.
    func bytes(_ count: Int, of name: String) async throws {
        try await until(name) { $0.counts.bytesIn == count }
    }

    private func until(
        _ name: String, within limit: Duration = .seconds(60), _ condition: @Sendable @escaping (TrickleChannelStatus) -> Bool
    ) async throws {
        // Nobody tells of the making of a channel.
        while case .unknown = table.find(name, for: .read) { try await Task.sleep(for: .milliseconds(1)) }
        let relay = try relay(name)
        let (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = relay.watch(.everyChange) { change.yield() }
        defer { relay.unwatch(number) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                if condition(relay.status) { return }
                for await _ in changes where condition(relay.status) { return }
            }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// Waits until the server holds so many bytes: an exchange that has been answered lets go of its segment a moment later.
    func bytesHeld(_ count: Int) async throws {
        while table.bytesHeld != count { try await Task.sleep(for: .milliseconds(1)) }
    }

    func ask(_ method: String, _ path: String, headers: [String] = [], body: String? = nil) async throws -> RawTrickle.Answer {
        let body = method == "POST" ? body ?? "" : nil
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        let head = ["\(method) /ai/trickle/\(path) HTTP/1.1", "Host: x"] + headers + length
        return try await RawTrickle.ask(port, head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""), isHead: method == "HEAD")
    }

    struct NoRelay: Error {}

    /// What is not below the channels' path.
    struct Elsewhere: HTTPResponder {
        func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws { try await writer.send(.notFound) }
    }
}

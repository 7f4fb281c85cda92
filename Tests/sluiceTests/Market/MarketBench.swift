import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import SluiceMarket
import SluiceNetwork
import SluiceRegistry
import SluiceRouting
import SluiceTypes
import Synchronization
import Testing

@testable import sluice

/// A market over a directory that the test fills, at an admin port of its own.
struct MarketBench {
    final class Directory: OrchestratorDirectory {
        let list: Mutex<[OrchestratorEntry]>
        private let listeners = Mutex<[@Sendable (OrchestratorID) -> Void]>([])

        init(_ entries: [OrchestratorEntry]) { list = Mutex(entries) }
        var entries: [OrchestratorEntry] { list.withLock { $0 } }

        func whenChanged(_ tell: @escaping @Sendable (OrchestratorID) -> Void) { listeners.withLock { $0.append(tell) } }

        /// As the network does: it says so at once.
        func put(_ entry: OrchestratorEntry) {
            list.withLock { list in
                if let place = list.firstIndex(where: { $0.id == entry.id }) { list[place] = entry } else { list.append(entry) }
            }
            for tell in listeners.withLock({ $0 }) { tell(entry.id) }
        }
    }

    let market: Market
    let directory: Directory
    let levels: ServiceLevels
    let connection: HTTPClientConnection
    let weights: Mutex<[OrchestratorID: Double]>.Box

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func entry(_ name: String, wei: Int64 = 100, region: String = "eu") -> OrchestratorEntry {
        OrchestratorEntry(
            id: OrchestratorID("https://\(name):8935"), capabilities: CapabilitySet([.h264, .mpegTS, .authToken]),
            price: Price(pricePerUnit: wei, pixelsPerUnit: 1), version: "0.8.1", region: region)
    }

    static func settings(_ flags: [String: String] = [:]) throws -> MarketSettings {
        var reader = try SettingsReader(
            file: nil, flags: Dictionary(uniqueKeysWithValues: flags.map { ("marketplace.\($0.key)", $0.value) }), environment: [:])
        return try MarketSettings(&reader)
    }

    static func serving(
        _ entries: [OrchestratorEntry], flags: [String: String] = [:], tenants: [TenantSettings] = [], registry: Registry? = nil,
        _ body: (MarketBench) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let directory = Directory(entries)
        let levels = ServiceLevels(node: ServiceLevel(), tenants: tenants)
        let weights = Mutex<[OrchestratorID: Double]>.Box([:])
        let market = Market(
            settings: try settings(flags), directory: directory, levels: levels, ledgerFile: registry, logger: logger,
            hands: Market.Hands(weigh: { new in weights.value.withLock { $0 = new } }))
        market.lookAround()
        let admin = AdminEndpoint(registry: MetricRegistry(), status: { "none" }, market: MarketEndpoint(market: market))
        let server = HTTPServer(host: "127.0.0.1", port: 0, tls: nil, responder: admin, group: group, logger: logger)
        let port = try await server.start()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            defer { tasks.cancelAll() }
            let connection = try HTTPClientConnection(
                authority: HTTPAuthority(isSecure: false, host: "127.0.0.1", port: port), group: group)
            try await body(
                MarketBench(market: market, directory: directory, levels: levels, connection: connection, weights: weights))
            market.feed.close()
        }
    }

    struct Answer {
        var status: Int
        var headers: HTTPFields
        var text: String

        func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value { try JSONDecoder().decode(type, from: Data(text.utf8)) }
    }

    func ask(_ method: HTTPRequest.Method, _ path: String, _ body: String = "", headers: HTTPFields = [:]) async throws -> Answer {
        var headers = headers
        headers[.contentLength] = "\(body.utf8.count)"
        let head = HTTPRequest(method: method, scheme: "http", authority: "127.0.0.1", path: path, headerFields: headers)
        return try await connection.exchange(head, body: ByteBuffer(string: body)) { answer, body in
            Answer(status: answer.status.code, headers: answer.headerFields, text: String(buffer: try await body.collect(upTo: 8 << 20)))
        }
    }
}

extension Mutex where Value: Sendable & Copyable {
    /// A mutex that can be handed around.
    final class Box: Sendable {
        let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
    }
}

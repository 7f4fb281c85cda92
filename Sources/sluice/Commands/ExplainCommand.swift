import ArgumentParser
import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SluiceNetwork

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say in words why segments of a live stream went where they went.")

    @Argument(help: "The stream.") var stream: String
    @Argument(help: "The segment; without it the newest ones, a line each.") var sequence: Int64?
    @Option(help: "Admin port of the gateway, host:port.") var admin = "127.0.0.1:5935"
    @Option(help: "How many of the newest segments.") var last = 10

    func run() async throws {
        var path = "/routing/decisions?stream=" + (stream.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? stream)
        if let sequence { path += "&sequence=\(sequence)" }
        let reports = try JSONDecoder().decode([DecisionReport].self, from: try await AdminClient(admin).get(path))
        if sequence == nil {
            for report in reports.suffix(last) { print("\(report.sequence)  \(report.sentence)") }
        } else {
            for report in reports { print(report.words) }
        }
    }
}

/// Asks a running gateway's admin port.
struct AdminClient {
    private static let longestAnswer = 64 << 20

    private let authority: HTTPAuthority

    /// - Parameter address: `host:port`, or a port alone for this machine.
    init(_ address: String) throws {
        let parts = address.split(separator: ":").map(String.init)
        guard let port = parts.last.flatMap(Int.init), (1...65_535).contains(port), parts.count <= 2 else {
            throw ValidationError("'\(address)' is no host:port; 127.0.0.1:5935 would be right")
        }
        authority = HTTPAuthority(isSecure: false, host: parts.count == 2 ? parts[0] : "127.0.0.1", port: port)
    }

    /// - Throws: `ValidationError` with what the gateway said when it refused, or that it is not there.
    func get(_ path: String) async throws -> Data {
        let connection = try HTTPClientConnection(authority: authority, group: MultiThreadedEventLoopGroup.singleton)
        let head = HTTPRequest(method: .get, scheme: "http", authority: authority.name, path: path)
        do {
            let (status, body) = try await connection.exchange(head) { response, body in
                (response.status, try await body.collect(upTo: Self.longestAnswer))
            }
            guard status == .ok else { throw ValidationError(String(buffer: body).trimmingCharacters(in: .whitespacesAndNewlines)) }
            return Data(body.readableBytesView)
        } catch let error as HTTPClientError {
            throw ValidationError("no gateway answers at \(authority): \(error)")
        }
    }
}

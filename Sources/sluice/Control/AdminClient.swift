import ArgumentParser
import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SluiceNetwork

/// Asks a running gateway's admin port.
struct AdminClient {
    /// Where a gateway's admin port is when nobody says otherwise.
    static let usual = "127.0.0.1:5935"

    private static let longestAnswer = 64 << 20

    private struct Refusal: Decodable {
        struct Fault: Decodable {
            var what: String
            var right: String?
        }

        var error: Fault
    }

    /// Where the gateway asks for one.
    static let tokenVariable = "SLUICE_ADMIN_TOKEN"

    private let authority: HTTPAuthority
    private let token: String?

    /// - Parameter address: `host:port`, with or without `http://` before it, or a port alone for this machine.
    init(_ address: String, token: String? = ProcessInfo.processInfo.environment[AdminClient.tokenVariable]) throws {
        self.token = token
        let address = (address.hasPrefix("http://") ? address.dropFirst("http://".count) : address[...]).prefix { $0 != "/" }
        let parts = address.split(separator: ":").map(String.init)
        guard let port = parts.last.flatMap(Int.init), (1...65_535).contains(port), parts.count <= 2 else {
            throw ValidationError("'\(address)' is no host:port; 127.0.0.1:5935 would be right")
        }
        authority = HTTPAuthority(isSecure: false, host: parts.count == 2 ? parts[0] : "127.0.0.1", port: port)
    }

    func get<Value: Decodable>(_ type: Value.Type, _ path: String) async throws -> Value {
        do { return try JSONDecoder().decode(type, from: try await get(path)) } catch let error as DecodingError {
            throw ValidationError("\(authority)\(path) does not answer like a gateway of this version: \(error)")
        }
    }

    /// - Throws: `ValidationError` with what the gateway said when it refused, or that it is not there.
    func get(_ path: String) async throws -> Data {
        let connection = try HTTPClientConnection(authority: authority, group: MultiThreadedEventLoopGroup.singleton)
        var head = HTTPRequest(method: .get, scheme: "http", authority: authority.name, path: path)
        if let token { head.headerFields[.authorization] = "Bearer \(token)" }
        do {
            let (status, body) = try await connection.exchange(head) { response, body in
                (response.status, try await body.collect(upTo: Self.longestAnswer))
            }
            guard status == .ok else { throw ValidationError(Self.words(body, status)) }
            return Data(body.readableBytesView)
        } catch let error as HTTPClientError {
            throw ValidationError("no gateway answers at \(authority): \(error)")
        }
    }

    private static func words(_ body: ByteBuffer, _ status: HTTPResponse.Status) -> String {
        guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(body.readableBytesView)) else {
            return String(buffer: body).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let hint = status == .unauthorized ? "put one into \(tokenVariable)" : refusal.error.right
        return refusal.error.what + (hint.map { "; \($0)" } ?? "")
    }
}

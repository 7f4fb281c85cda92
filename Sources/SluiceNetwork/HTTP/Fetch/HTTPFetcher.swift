package import HTTPTypes
package import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOPosix
import SluiceTypes
import Synchronization

/// A whole answer, and when it came.
package struct HTTPFetched: Sendable {
    package var status: Int
    package var headers: HTTPFields
    package var body: ByteBuffer
    package var isHTTP2: Bool
    /// Nanoseconds since 1970 at which the last byte was read.
    package var arrival: Int64
}

/// Fetches from one server as a player does: many exchanges on one HTTP/2 connection over TLS, else HTTP/1.1 connections that stay open.
package final class HTTPFetcher: Sendable {
    /// Nothing came for too long.
    package struct TooSlow: Error, CustomStringConvertible {
        package let address: String
        package let limit: Duration
        package var description: String { "\(address) gave no answer within \(limit)" }
    }

    /// Idle connections kept: a player has a playlist and a part or two under way.
    private static let mostIdle = 4

    private enum Way {
        case shared(HTTPClientConnection)
        case plain
    }

    private let authority: HTTPAuthority
    private let way: Way
    private let group: any EventLoopGroup
    private let idle = Mutex<[KeptConnection]>([])

    package init(_ authority: HTTPAuthority, group: any EventLoopGroup) throws {
        self.authority = authority
        self.group = group
        way = authority.isSecure ? .shared(try HTTPClientConnection(authority: authority, group: group)) : .plain
    }

    /// - Parameters:
    ///   - limit: bytes of body taken.
    ///   - timeout: for the whole answer, the wait of a blocking request included.
    /// - Throws: `TooSlow`, `HTTPClientError`, or what the socket says.
    package func get(
        _ path: String, method: HTTPRequest.Method = .get, headers: HTTPFields = [:], limit: Int = 64 << 20, timeout: Duration
    ) async throws -> HTTPFetched {
        let request = HTTPRequest(
            method: method, scheme: authority.isSecure ? "https" : "http", authority: authority.name, path: path, headerFields: headers)
        switch way {
        case .shared(let connection): return try await shared(connection, request, limit, timeout)
        case .plain: return try await plain(request, limit, timeout)
        }
    }

    package func close() async {
        if case .shared(let connection) = way { await connection.close() }
        for connection in idle.withLock({ idle in
            defer { idle = [] }
            return idle
        }) { connection.close() }
    }

    private func shared(
        _ connection: HTTPClientConnection, _ request: HTTPRequest, _ limit: Int, _ timeout: Duration
    ) async throws -> HTTPFetched {
        let name = "\(authority)\(request.path ?? "")"
        return try await within(timeout, orThrow: TooSlow(address: name, limit: timeout)) {
            try await connection.exchange(request) { response, body in
                let bytes = try await body.collect(upTo: limit)
                return HTTPFetched(
                    status: response.status.code, headers: response.headerFields, body: bytes, isHTTP2: true,
                    arrival: wallClockNanoseconds())
            }
        }
    }

    private func plain(_ request: HTTPRequest, _ limit: Int, _ timeout: Duration) async throws -> HTTPFetched {
        // One that the server closed meanwhile took nothing: the next may do.
        while let kept = idle.withLock({ $0.popLast() }) {
            do { return try await exchange(on: kept, request, limit, timeout) } catch is KeptConnection.ClosedBefore {}
        }
        let fresh = try await KeptConnection.dial(authority, group: group)
        do { return try await exchange(on: fresh, request, limit, timeout) } catch is KeptConnection.ClosedBefore {
            throw HTTPClientError.closedEarly(authority)
        }
    }

    private func exchange(
        on connection: KeptConnection, _ request: HTTPRequest, _ limit: Int, _ timeout: Duration
    ) async throws -> HTTPFetched {
        let (fetched, stays) = try await withTaskCancellationHandler {
            try await connection.exchange(request, limit: limit, timeout: timeout)
        } onCancel: {
            connection.close()
        }
        let isKept =
            stays
            && idle.withLock { idle in
                guard idle.count < Self.mostIdle else { return false }
                idle.append(connection)
                return true
            }
        if !isKept { connection.close() }
        return fetched
    }
}

import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork

/// One look at somebody's list: bounded in time and size, and never sent on to somebody else.
struct Lookup: Sendable {
    /// The reference's limit for its webhook (specs/gateway-surface §12.1).
    static let timeout: Duration = .seconds(3)

    let group: any EventLoopGroup

    struct Answer: Sendable {
        var fields: HTTPFields
        var body: Data
    }

    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter verifies: whether a certificate must be good; orchestrators of the network have their own (specs/transcoding-protocol §1.2).
    func get(_ address: WebAddress, limit: Int, verifies: Bool = true) async throws -> Data {
        try await answer(of: address, limit: limit, verifies: verifies).body
    }

    /// The same with the fields of the answer.
    func answer(of address: WebAddress, limit: Int, verifies: Bool = true) async throws -> Answer {
        var settings = HTTPClientConnection.Settings()
        settings.verifiesCertificates = verifies
        let connection = try HTTPClientConnection(authority: address.authority, settings: settings, group: group)
        let request = HTTPRequest(
            method: .get, scheme: address.authority.isSecure ? "https" : "http", authority: address.authority.name, path: address.path,
            headerFields: [.accept: "application/json"])
        let answer: Result<Answer, any Error>
        do {
            answer = .success(
                try await within(Self.timeout, orThrow: Self.tooSlow) { try await Self.exchange(request, on: connection, limit: limit) })
        } catch {
            answer = .failure(error)
        }
        await connection.close()
        return try answer.get()
    }

    private static func exchange(_ request: HTTPRequest, on connection: HTTPClientConnection, limit: Int) async throws -> Answer {
        try await connection.exchange(request) { answer, body in
            switch answer.status.code {
            case 200..<300:
                return Answer(fields: answer.headerFields, body: Data(try await body.collect(upTo: limit).readableBytesView))
            case 300..<400:
                let place = answer.headerFields[.location] ?? "nowhere"
                throw Refused(
                    description: "the answer is \(answer.status.code), to \(place); redirects are not followed, name the address itself")
            default: throw Refused(description: "the answer is \(answer.status.code)")
            }
        }
    }

    private static var tooSlow: Refused { Refused(description: "no answer within \(timeout)") }
}

import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork

/// A request below `/api/v1/`, read as far as all of its handlers want it.
struct APIRequest: Sendable {
    /// Orders and settings are short.
    static let longestBody = 64 << 10

    let method: HTTPRequest.Method
    /// Behind `/api/v1/`, percent-decoded.
    let path: [String]
    let query: Query
    let visitor: Access.Visitor
    let head: HTTPRequest
    private let body: HTTPServerBody

    init?(_ request: HTTPServerRequest, visitor: Access.Visitor) {
        let text = request.head.path ?? "/"
        let parts = text.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count >= 2, parts[0] == "api", parts[1] == "v1" else { return nil }
        var path: [String] = []
        for part in parts.dropFirst(2) {
            guard let name = part.removingPercentEncoding else { return nil }
            path.append(name)
        }
        self.path = path
        method = request.head.method
        query = Query(text)
        head = request.head
        self.visitor = visitor
        body = request.body
    }

    var isLook: Bool { method == .get || method == .head }
    var ifMatch: String? { head.headerFields[.ifMatch] }

    func bytes() async throws -> Data {
        do { return Data(try await body.collect(upTo: Self.longestBody).readableBytesView) } catch is HTTPBodyTooLarge {
            throw APIProblem(.contentTooLarge, "too-large", "the body has more than \(Self.longestBody) bytes", at: "body", right: "less")
        }
    }

    /// - Parameter example: for who sent something else.
    func object(like example: String) async throws -> [String: Any] {
        guard let object = try? JSONSerialization.jsonObject(with: try await bytes()) as? [String: Any] else {
            throw APIProblem(.badRequest, "no-object", "the body is no JSON object", at: "body", right: example)
        }
        return object
    }

    /// - Throws: for a key that is not one of `known`.
    func object(like example: String, keys known: [String]) async throws -> [String: Any] {
        let object = try await object(like: example)
        if let stray = object.keys.sorted().first(where: { !known.contains($0) }) {
            throw APIProblem(
                .badRequest, "unknown-key", "nobody knows the key '\(stray)'", at: "body, key \(stray)",
                right: "one of \(known.joined(separator: ", "))")
        }
        return object
    }
}

extension [String: Any] {
    /// A text of the object; `nil` where it is not there.
    func text(_ key: String, like example: String) throws(APIProblem) -> String? {
        guard let value = self[key], !(value is NSNull) else { return nil }
        guard let text = value as? String, !text.isEmpty, text.count <= 200, !text.contains(where: \.isNewline) else {
            throw APIProblem(
                .badRequest, "wrong-value", "'\(key)' is no text of 1 to 200 characters", at: "body, key \(key)", right: example)
        }
        return text
    }
}

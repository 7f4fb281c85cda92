import Foundation
import HTTPTypes
import NIOCore
import SluiceNetwork

/// Why a request at the admin port was not done: one shape for all of them, `{"error": {…}}`.
struct APIProblem: Error, CustomStringConvertible {
    private struct Body: Encodable {
        struct Fault: Encodable {
            var status: Int
            var code: String
            var what: String
            var `where`: String?
            var right: String?
        }

        var error: Fault
    }

    var status: HTTPResponse.Status
    /// For programs; stays the same.
    var code: String
    /// What was wrong, for people.
    var what: String
    /// Where: a part of the request, a key, a file with its line.
    var place: String?
    /// What would have been right.
    var right: String?
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ code: String, _ what: String, at place: String? = nil, right: String? = nil) {
        self.status = status
        self.code = code
        self.what = what
        self.place = place
        self.right = right
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"sluice\"" }
    }

    var description: String {
        [what, place.map { "at \($0)" }, right.map { "right is: \($0)" }].compactMap(\.self).joined(separator: "; ")
    }

    var answer: APIAnswer {
        let fault = Body.Fault(status: status.code, code: code, what: what, where: place, right: right)
        var answer = APIAnswer(json: Body(error: fault), status: status)
        for field in headers { answer.headers[field.name] = field.value }
        return answer
    }

    static func notFound(_ what: String, right: String? = nil) -> APIProblem {
        APIProblem(.notFound, "not-found", what, at: "path", right: right)
    }
}

/// What the admin API answers.
struct APIAnswer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: ByteBuffer?

    init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    init(json value: some Encodable, status: HTTPResponse.Status = .ok, tag: EntityTag? = nil) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self.status = status
        headers = [.contentType: "application/json", .cacheControl: "no-store"]
        if let tag { headers[.eTag] = tag.text }
        do { body = ByteBuffer(bytes: try encoder.encode(value)) } catch {
            // Only a number that is none does that.
            self.status = .internalServerError
            body = ByteBuffer(string: #"{"error":{"code":"encoding","what":"the answer has a number that JSON cannot say"}}"#)
        }
    }

    static let nothing = APIAnswer(status: .noContent)
}

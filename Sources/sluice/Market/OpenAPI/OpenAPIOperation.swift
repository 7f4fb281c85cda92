/// One operation of an API, as a document of OpenAPI 3.1 describes it.
struct OpenAPIOperation: Sendable {
    struct Parameter: Sendable {
        var name: String
        var about: String
        var isRequired = false
        var isHeader = false
        var schema: OpenAPIValue = ["type": "string"]
    }

    struct Answer: Sendable {
        var status: Int
        var about: String
        var type = "application/json"
        var schema: OpenAPIValue?
    }

    var method: String
    var path: String
    var about: String
    var parameters: [Parameter] = []
    /// Of the body, JSON; or of a form.
    var body: OpenAPIValue?
    var isForm = false
    var answers: [Answer]
    /// It lets everybody in who has no token; of the admin port.
    var isOpen = false

    static func get(_ path: String, _ about: String, _ parameters: [Parameter] = [], _ schema: OpenAPIValue, problems: [Int] = []) -> Self {
        Self(method: "get", path: path, about: about, parameters: parameters, answers: [.json(schema)] + problems.map(Answer.problem))
    }

    /// - Parameter asksForToken: whether who comes without one is refused.
    func value(asksForToken: Bool) -> OpenAPIValue {
        var object: [String: OpenAPIValue] = ["summary": .text(about), "operationId": .text(identity)]
        if !parameters.isEmpty {
            object["parameters"] = .list(
                parameters.map { parameter in
                    [
                        "name": .text(parameter.name), "in": .text(place(of: parameter)), "description": .text(parameter.about),
                        "required": .flag(parameter.isRequired), "schema": parameter.schema,
                    ]
                })
        }
        if let body {
            let type = isForm ? "application/x-www-form-urlencoded" : "application/json"
            object["requestBody"] = ["required": true, "content": .object([type: ["schema": body]])]
        }
        var responses: [String: OpenAPIValue] = [:]
        let answers = isOpen ? answers : answers + [.fault(401), .fault(403)]
        for status in Set(answers.map(\.status)) {
            let same = answers.filter { $0.status == status }
            var answer: [String: OpenAPIValue] = ["description": .text(same.map(\.about).joined(separator: "; "))]
            let contents = same.compactMap { one in one.schema.map { (one.type, ["schema": $0] as OpenAPIValue) } }
            if !contents.isEmpty { answer["content"] = .object(Dictionary(contents, uniquingKeysWith: { first, _ in first })) }
            responses["\(status)"] = .object(answer)
        }
        object["responses"] = .object(responses)
        if asksForToken, !isOpen { object["security"] = [["token": []]] }
        return .object(object)
    }

    private func place(of parameter: Parameter) -> String {
        parameter.isHeader ? "header" : path.contains("{\(parameter.name)}") ? "path" : "query"
    }

    private var identity: String {
        let words = path.split { !$0.isLetter }.map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return method + words.joined()
    }
}

extension OpenAPIOperation.Answer {
    static func json(_ schema: OpenAPIValue) -> Self { Self(status: 200, about: "as asked", schema: schema) }

    /// Problems are told in plain text: what was wrong, and what would be right.
    static func problem(_ status: Int) -> Self {
        let about =
            switch status {
            case 400: "something in the request is wrong; the text says what"
            case 404: "there is no such thing"
            case 410: "it held once, and does not any more"
            case 413: "the body is too long"
            case 503: "not now"
            default: "a problem"
            }
        return Self(status: status, about: about, type: "text/plain; charset=utf-8", schema: ["type": "string"])
    }

    /// The admin API's one shape for all of them (`APIProblem`); so is every 401 and 403.
    static func fault(_ status: Int) -> Self {
        let about =
            switch status {
            case 400: "something in the request is wrong; `where` says where, `right` what would be right"
            case 401: "there is no token, or nobody has it"
            case 403: "the token's role may not, or a page of another site asked"
            case 404: "there is no such thing"
            case 409: "it does not fit what is"
            case 412: "somebody else changed it since it was read"
            case 413: "the body is too long"
            case 422: "the settings file has a fault; nothing was changed"
            default: "not now"
            }
        let fault = Schema.object(
            ["status": Schema.whole, "code": Schema.text, "what": Schema.text], optional: ["where": Schema.text, "right": Schema.text])
        return Self(status: status, about: about, schema: Schema.object(["error": fault]))
    }

    static func text(_ type: String, _ about: String) -> Self { Self(status: 200, about: about, type: type, schema: ["type": "string"]) }
}

/// Schemas in few words.
enum Schema {
    static let text: OpenAPIValue = ["type": "string"]
    static let number: OpenAPIValue = ["type": "number"]
    static let whole: OpenAPIValue = ["type": "integer"]
    static let flag: OpenAPIValue = ["type": "boolean"]
    /// As `StreamID` has it.
    static let stream: OpenAPIValue = ["type": "string", "pattern": "^[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,127}$"]
    static let streamOrNull: OpenAPIValue = ["type": ["string", "null"], "pattern": "^[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,127}$"]
    static let anything: OpenAPIValue = ["type": "object"]

    static func list(_ items: OpenAPIValue) -> OpenAPIValue { ["type": "array", "items": items] }

    static func table(_ values: OpenAPIValue) -> OpenAPIValue { ["type": "object", "additionalProperties": values] }

    /// - Parameter optional: those that may be missing.
    static func object(_ required: [String: OpenAPIValue], optional: [String: OpenAPIValue] = [:]) -> OpenAPIValue {
        [
            "type": "object", "required": .list(required.keys.sorted().map { .text($0) }),
            "properties": .object(required.merging(optional) { first, _ in first }),
        ]
    }

    static func oneOf(_ names: [String]) -> OpenAPIValue { ["type": "string", "enum": .list(names.map { .text($0) })] }
}

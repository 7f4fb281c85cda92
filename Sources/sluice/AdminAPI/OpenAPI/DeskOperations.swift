import SluiceRouting

/// The admin API below `/api/v1/` (docs/Admin-API.md).
enum DeskOperations {
    typealias Answer = OpenAPIOperation.Answer
    typealias Parameter = OpenAPIOperation.Parameter

    private static let stream = Parameter(name: "name", about: "The stream.", isRequired: true, schema: Schema.stream)
    private static let tenant = Parameter(name: "name", about: "The tenant.", isRequired: true)
    private static let address = Parameter(
        name: "address", about: "host:port of an orchestrator, its whole URI percent-encoded, or embedded.", isRequired: true)
    private static let ifMatch = Parameter(name: "If-Match", about: "The ETag that was read before.", isHeader: true)

    private static func get(
        _ path: String, _ about: String, _ schema: OpenAPIValue, _ parameters: [Parameter] = [], faults: [Int] = []
    ) -> OpenAPIOperation {
        OpenAPIOperation(
            method: "get", path: "/api/v1" + path, about: about, parameters: parameters, answers: [.json(schema)] + faults.map(Answer.fault)
        )
    }

    private static func change(
        _ method: String, _ path: String, _ about: String, _ parameters: [Parameter] = [], body: OpenAPIValue? = nil, answers: [Answer],
        faults: [Int]
    ) -> OpenAPIOperation {
        OpenAPIOperation(
            method: method, path: "/api/v1" + path, about: about, parameters: parameters, body: body,
            answers: answers + faults.map(Answer.fault))
    }

    private static func levels(_ path: String, of whom: String, _ parameters: [Parameter], faults: [Int]) -> [OpenAPIOperation] {
        [
            get(path, "What is promised to \(whom), and whether anybody keeps it.", DeskSchemas.level, parameters, faults: faults),
            change(
                "patch", path, "Changes what is promised to \(whom); the next segment obeys.", parameters + [ifMatch],
                body: RoutingOperations.change, answers: [.json(DeskSchemas.level)], faults: faults + [400, 412, 413]),
        ]
    }

    private static let looks: [OpenAPIOperation] = [
        get("", "What there is.", Schema.object(["paths": Schema.list(Schema.text)])),
        get("/overview", "Streams, orchestrators and sums at this moment.", DeskSchemas.overview),
        get("/me", "Name and role of the token.", DeskSchemas.visitor),
        OpenAPIOperation(
            method: "get", path: "/api/v1/events", about: "What happens, as server-sent events, until either side goes.",
            parameters: [
                Parameter(name: "types", about: "These alone, with commas.", schema: Schema.oneOf(EventFeed.Kind.allCases.map(\.rawValue))),
                Parameter(name: "overview", about: "on: how everything stands, once a second.", schema: Schema.oneOf(["on"])),
                Parameter(name: "Last-Event-ID", about: "Goes on behind that one.", isHeader: true),
            ],
            answers: [.text("text/event-stream", "events"), .fault(400), .fault(503)]),
        get("/streams", "Every stream that is live or has just ended.", Schema.object(["streams": Schema.list(DeskSchemas.stream)])),
        get(
            "/streams/{name}", "One, with its last segments, their decisions, and what is promised.", DeskSchemas.streamDetail, [stream],
            faults: [404]),
        get("/orchestrators", "The list with live statistics.", Schema.object(["orchestrators": Schema.list(DeskSchemas.orchestrator)])),
        get("/orchestrators/{address}", "One of the list.", DeskSchemas.orchestrator, [address], faults: [404]),
        get(
            "/runners", "What the orchestrators' applications and models run on.",
            Schema.object(["runners": Schema.list(DeskSchemas.runner)])),
        get("/prices", "What is paid at most.", DeskSchemas.prices),
        get("/tenants", "Whose streams there are.", Schema.object(["tenants": Schema.list(DeskSchemas.tenant)])),
        get("/tenants/{name}", "One tenant.", DeskSchemas.tenant, [tenant], faults: [404]),
        get("/config", "Every setting with what holds and where it comes from.", DeskSchemas.configuration),
    ]

    private static let orders: [OpenAPIOperation] = [
        change(
            "post", "/session", "Keeps the bearer token in a cookie for a browser.", answers: [.json(DeskSchemas.visitor)], faults: [400]),
        change("delete", "/session", "Takes the cookie away.", answers: [.init(status: 204, about: "it is gone", schema: nil)], faults: []),
        change(
            "patch", "/streams/{name}",
            "Other renditions from the next segment on: all of them, or which more and which no more; presets by name, or profiles.",
            [stream, ifMatch], body: DeskSchemas.ladderChange, answers: [.json(DeskSchemas.changedProfiles)],
            faults: [400, 404, 409, 412, 413, 429]),
        change(
            "delete", "/streams/{name}", "Ends it in order; its publisher may come again.", [stream],
            answers: [.init(status: 202, about: "it ends", schema: nil)], faults: [404, 409]),
        change(
            "post", "/orchestrators", "Adds one to the list, until the next start.",
            body: .object([
                "type": "object", "additionalProperties": false, "required": ["address"],
                "properties": [
                    "address": DeskSchemas.word, "gpu": DeskSchemas.wordOrNull, "region": DeskSchemas.wordOrNull,
                    "operator": DeskSchemas.wordOrNull,
                ],
            ]), answers: [.init(status: 201, about: "it is in the list", schema: DeskSchemas.orchestrator)], faults: [400, 409, 413]),
        change(
            "patch", "/orchestrators/{address}",
            "standing: draining (gets nothing new), blocked (what it has is tried elsewhere), active. gpuClass: null for what is told or found out.",
            [address, ifMatch],
            body: .object([
                "type": "object", "additionalProperties": false, "anyOf": [["required": ["standing"]], ["required": ["gpuClass"]]],
                "properties": [
                    "standing": Schema.oneOf(OrchestratorRoster.Standing.allCases.map(\.rawValue)),
                    "gpuClass": ["type": ["string", "null"], "pattern": "^[A-Za-z0-9-]{1,40}$"],
                ],
            ]), answers: [.json(DeskSchemas.orchestrator)], faults: [400, 404, 412, 413]),
        change(
            "delete", "/orchestrators/{address}", "Takes it from the list; what it has may still come back.", [address, ifMatch],
            answers: [.init(status: 204, about: "it is not in the list any more", schema: nil)], faults: [404, 409, 412]),
        change(
            "post", "/whatif", "What a service level would do, from what was measured; without a stream for all of them.",
            body: [
                "type": "object", "additionalProperties": false, "required": ["sla"],
                "properties": ["stream": Schema.streamOrNull, "sla": RoutingOperations.change],
            ], answers: [.json(DeskSchemas.whatIf)], faults: [400, 404, 413]),
        change(
            "post", "/config/reload", "Reads the settings file again.", [ifMatch], answers: [.json(DeskSchemas.reloaded)],
            faults: [400, 409, 412, 422]),
    ]

    static let all: [OpenAPIOperation] =
        looks + orders + levels("/sla", of: "the node", [], faults: [])
        + levels("/streams/{name}/sla", of: "a stream", [stream], faults: [404])
        + levels("/tenants/{name}/sla", of: "a tenant", [tenant], faults: [404])
}

/// What the admin port says of routing.
enum RoutingOperations {
    private static let phase = Schema.object([
        "peakMs": Schema.number, "p50Ms": Schema.number, "p90Ms": Schema.number, "p99Ms": Schema.number, "samples": Schema.number,
    ])

    static let orchestrator = Schema.object(
        [
            "id": Schema.text, "isListed": Schema.flag, "isReachable": Schema.flag, "version": Schema.text, "state": Schema.text,
            "faultsInRow": Schema.whole, "ejections": Schema.whole, "success": Schema.number, "inFlight": Schema.whole,
            "late": Schema.whole,
            "streams": Schema.whole,
            "works": Schema.list(
                Schema.object([
                    "workClass": Schema.text, "upload": phase, "work": phase, "firstByte": phase, "body": phase, "total": phase,
                ])),
        ],
        optional: [
            "operatorName": Schema.text, "region": Schema.text, "weiPerPixel": Schema.number, "roundTripMs": Schema.number,
            "ejectedForSeconds": Schema.number, "streamLimit": Schema.whole, "gpuModel": Schema.text, "gpuClass": Schema.text,
            "gpuSource": Schema.text, "gpuConfidence": Schema.number,
        ])

    static let decision = Schema.object(
        [
            "stream": Schema.text, "sequence": Schema.whole, "workClass": Schema.text, "reason": Schema.text, "candidates": Schema.whole,
            "leftOutCount": Schema.whole, "leftOut": Schema.list(Schema.anything), "considered": Schema.list(Schema.anything),
            "targetMs": Schema.number, "deadlineMs": Schema.number, "giveUpMs": Schema.number, "attempts": Schema.list(Schema.anything),
            "isMissed": Schema.flag, "costWei": Schema.number,
        ], optional: ["choice": Schema.text, "finishMs": Schema.number, "failure": Schema.text])

    private static let appDecision = Schema.object(
        [
            "app": Schema.text, "agoSeconds": Schema.number, "reason": Schema.text, "candidates": Schema.whole,
            "leftOutCount": Schema.whole, "leftOut": Schema.list(Schema.anything), "considered": Schema.list(Schema.anything),
        ], optional: ["choice": Schema.text, "runner": Schema.text])

    private static let level: [OpenAPIOperation.Parameter] = [
        .init(name: "stream", about: "Of a live stream."), .init(name: "tenant", about: "Of a tenant."),
    ]

    private static func between(_ least: Double, _ most: Double) -> OpenAPIValue {
        ["type": "number", "minimum": .number(least), "maximum": .number(most)]
    }

    private static let names: OpenAPIValue = ["type": "array", "items": ["type": "string", "pattern": "^[a-z-]{1,40}$"]]

    /// A part of a service level; what is named replaces what holds.
    static let change: OpenAPIValue = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "latency": ["type": "string", "pattern": "^([5-9]|[1-9][0-9])%$"], "percentile": between(0.5, 0.99),
            "playoutBudget": between(0.2, 20), "gpuClasses": names, "preferGpuClasses": names,
            "region": ["type": ["string", "null"], "pattern": "^[a-z0-9-]{1,40}$"], "maxPricePerPixelWei": between(0, 1e18),
            "hedgeBudget": between(0, 1), "onMiss": Schema.oneOf(["gap", "source", "lower", "wait"]),
            "continuity": [
                "type": "object", "additionalProperties": false,
                "properties": [
                    "seconds": between(0, 10), "price": between(0, 1), "segments": ["type": "integer", "minimum": 1, "maximum": 100],
                ],
            ],
        ],
    ]

    static let all: [OpenAPIOperation] = [
        .get("/routing/orchestrators", "Every orchestrator as routing sees it.", [], Schema.list(orchestrator)),
        .get(
            "/routing/decisions", "Why segments of a stream, or requests of an app, went where they went.",
            [
                .init(name: "stream", about: "The stream; this or an app is needed.", schema: Schema.stream),
                .init(name: "app", about: "An app, or a capability, whose requests are asked about."),
                .init(
                    name: "sequence", about: "One segment alone.",
                    schema: ["type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991]),
            ], Schema.list(["anyOf": [decision, appDecision]]), problems: [400, 404]),
        .get("/routing/sla", "What is promised, and whether it can be kept.", level, Schema.anything, problems: [400, 404]),
        OpenAPIOperation(
            method: "post", path: "/routing/sla", about: "Changes what is promised; the next segment obeys.", parameters: level,
            body: change, answers: [.json(Schema.anything), .problem(400), .problem(404), .problem(413)]),
        .get("/routing/log", "The decision log.", [], Schema.anything, problems: [404]),
        OpenAPIOperation(
            method: "post", path: "/routing/log", about: "Turns the decision log on or off.",
            parameters: [.init(name: "state", about: "on or off", isRequired: true, schema: Schema.oneOf(["on", "off"]))],
            answers: [.json(Schema.anything), .problem(400), .problem(404)]),
    ]
}

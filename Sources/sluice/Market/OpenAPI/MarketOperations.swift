import SluiceMarket
import SluiceTypes

/// The marketplace.
enum MarketOperations {
    private static let offer = Schema.object(
        [
            "orchestrator": Schema.text, "pipeline": Schema.text, "codecs": Schema.list(Schema.text), "reachable": Schema.flag,
            "trust": Schema.number, "sources": Schema.list(Schema.oneOf(OfferSource.allCases.map(\.rawValue))),
            "provenance": Schema.table(Schema.text),
        ],
        optional: [
            "model": Schema.text, "modelVersion": Schema.text, "modelDigest": Schema.text, "warm": Schema.flag, "region": Schema.text,
            "operator": Schema.text, "minimumVersion": Schema.text, "version": Schema.text, "roundTripMs": Schema.number,
            "capabilityBits": Schema.list(Schema.whole), "headroom": Schema.object(["free": Schema.whole, "total": Schema.whole]),
            "encoderSlots": Schema.whole, "priceFunction": Schema.anything,
            "gpu": Schema.object(["model": Schema.text, "class": Schema.text]),
            "price": Schema.object([
                "wei": Schema.whole, "per": Schema.whole, "unit": Schema.oneOf(WorkUnit.allCases.map(\.rawValue)),
                "weiPerUnit": Schema.number,
            ]),
        ])

    private static let quote = Schema.object(
        [
            "isWhatIf": Schema.flag, "pipeline": Schema.text, "unitsPerSecond": Schema.number, "durationSeconds": Schema.number,
            "suitable": Schema.whole, "obstacles": Schema.table(Schema.whole),
            "candidates": Schema.list(
                Schema.object(
                    [
                        "orchestrator": Schema.text, "pipeline": Schema.text, "weiPerUnit": Schema.number, "totalWei": Schema.number,
                        "confidence": Schema.number, "score": Schema.number,
                    ],
                    optional: [
                        "latencyP50Ms": Schema.number, "latencyP95Ms": Schema.number, "keepsLatency": Schema.flag, "model": Schema.text,
                        "gpuClass": Schema.text, "region": Schema.text, "priceWei": Schema.whole, "pricePer": Schema.whole,
                        "weiAtTerms": Schema.number,
                    ])),
        ],
        optional: [
            "quote": Schema.text, "validUntil": Schema.whole, "ceilingWei": Schema.number, "cheapestAboveCeilingWei": Schema.number,
        ])

    private static func between(_ least: Double, _ most: Double) -> OpenAPIValue {
        ["type": "number", "minimum": .number(least), "maximum": .number(most)]
    }

    private static let names: OpenAPIValue = ["type": "array", "items": ["type": "string"], "maxItems": .whole(Fields.mostItems)]
    private static let name: OpenAPIValue = ["type": "string", "minLength": 1, "maxLength": .whole(OfferedCapability.longestName)]

    private static let question: OpenAPIValue = [
        "type": "object", "additionalProperties": false,
        "anyOf": [["required": ["unitsPerSecond"]], ["required": ["profiles"]]],
        "properties": [
            "pipeline": name, "tenant": name, "model": name, "region": name, "minimumVersion": name,
            "profiles": ["type": "string", "enum": ["P360p30fps16x9", "P240p30fps16x9,P720p30fps16x9"]],
            "codecs": ["type": "array", "items": ["type": "string", "enum": .list(VideoCodec.allCases.map { .text($0.rawValue) })]],
            "unitsPerSecond": between(0.001, 1e15), "durationSeconds": between(1, 31_536_000), "segmentSeconds": between(0.1, 60),
            "latency": ["type": "string", "enum": ["60%", "800ms", "1.5s"]], "gpuClasses": names, "leastMemoryBytes": between(0, 1e15),
            "warm": Schema.flag, "maxPricePerUnitWei": between(0, 1e24), "limit": ["type": "integer", "minimum": 1, "maximum": 50],
            "whatIf": [
                "type": "object", "additionalProperties": false,
                "properties": [
                    "without": names, "load": between(0, 1), "prices": ["type": "object", "additionalProperties": between(0, 1e24)],
                ],
            ],
        ],
    ]

    private static let total: [String: OpenAPIValue] = [
        "kind": Schema.oneOf(BookingKind.allCases.map(\.rawValue)), "unit": Schema.oneOf(WorkUnit.allCases.map(\.rawValue)),
        "bookings": Schema.whole, "mediaSeconds": Schema.number, "feeWei": Schema.text, "feeWeiAbout": Schema.number,
    ]

    private static let usage = Schema.object(
        [
            "lines": Schema.list(
                Schema.object(
                    total.merging(["units": Schema.whole]) { first, _ in first },
                    optional: [
                        "hour": Schema.whole, "tenant": Schema.text, "stream": Schema.text, "orchestrator": Schema.text,
                        "capability": Schema.text, "priceWei": Schema.whole, "pricePer": Schema.whole,
                    ])),
            "linesLeftOut": Schema.whole, "totals": Schema.list(Schema.object(total.merging(["units": Schema.text]) { first, _ in first })),
            "feeWei": Schema.text,
        ], optional: ["from": Schema.whole, "to": Schema.whole, "writing": Schema.anything])

    private static let leaderboard = Schema.object([
        "formula": Schema.text, "weights": Schema.table(Schema.number), "windowSeconds": Schema.whole, "gateway": Schema.anything,
        "rows": Schema.list(
            Schema.object([
                "rank": Schema.whole, "orchestrator": Schema.text, "pipeline": Schema.text, "score": Schema.number,
                "measures": Schema.table(Schema.number), "attempts": Schema.whole,
            ])),
    ])

    private static func query(_ name: String, _ about: String, isRequired: Bool = false) -> OpenAPIOperation.Parameter {
        .init(name: name, about: about, isRequired: isRequired)
    }

    private static let filters = [
        query("pipeline", "Of this pipeline alone."), query("region", "Of this region alone."), query("gpuClass", "Of this class alone."),
    ]

    static let all: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "get", path: "/marketplace/offers",
            about: "Every offer that is known. With Accept: text/event-stream what changes, one event an offer; Last-Event-ID goes on.",
            answers: [
                .json(Schema.object(["version": Schema.whole, "count": Schema.whole, "offers": Schema.list(offer)])),
                .init(status: 304, about: "as If-None-Match knows it", schema: nil), .problem(503),
            ]),
        OpenAPIOperation(
            method: "post", path: "/marketplace/quote",
            about: "Who would do it, for how much, how soon. With whatIf of a picture that is not.",
            body: question, answers: [.json(quote), .problem(400), .problem(404), .problem(413)]),
        .get(
            "/marketplace/quote", "A quote that was given and holds.", [query("id", "Its name.", isRequired: true)], quote,
            problems: [400, 404, 410]),
        OpenAPIOperation(
            method: "post", path: "/marketplace/quote/accept", about: "From now on the stream costs what was quoted, at most.",
            parameters: [
                query("id", "The quote's name.", isRequired: true),
                .init(name: "stream", about: "The stream's name.", isRequired: true, schema: Schema.stream),
            ],
            answers: [.json(quote), .problem(400), .problem(404), .problem(410), .problem(503)]),
        .get(
            "/marketplace/usage", "The books.",
            [
                query("tenant", "Of this tenant alone."), query("stream", "Of this stream alone."),
                query("orchestrator", "Of this orchestrator alone."), query("capability", "Of this capability alone."),
                .init(
                    name: "from", about: "Unix seconds, or an ISO 8601 time; whole hours.",
                    schema: ["type": "integer", "minimum": 0, "maximum": 9_999_999_999]),
                .init(name: "to", about: "Up to here.", schema: ["type": "integer", "minimum": 0, "maximum": 9_999_999_999]),
                .init(
                    name: "group",
                    about: "Columns that lines are kept apart by: tenant, stream, orchestrator, capability, hour, with commas.",
                    schema: Schema.oneOf(["tenant", "stream", "tenant,hour", "orchestrator,capability"])),
            ], usage, problems: [400, 404, 503]),
        OpenAPIOperation(
            method: "get", path: "/marketplace/leaderboard", about: "Who does how well, and by which formula.", parameters: filters,
            answers: [.json(leaderboard), .text("text/html; charset=utf-8", "a page, for a browser"), .problem(404)]),
        OpenAPIOperation(
            method: "get", path: "/marketplace/leaderboard.html", about: "The same as a page.", parameters: filters,
            answers: [.text("text/html; charset=utf-8", "a page"), .problem(404)]),
        .get(
            "/marketplace/leaderboard/history", "How an orchestrator did, by hour or day.",
            [
                query("orchestrator", "Its name.", isRequired: true),
                .init(name: "width", about: "hour or day", schema: Schema.oneOf(["hour", "day"])),
            ],
            Schema.list(Schema.anything), problems: [400, 404, 503]),
        .get(
            "/marketplace/prices", "Prices an orchestrator asked, newest first.",
            [
                query("orchestrator", "Its name.", isRequired: true), query("pipeline", "transcode without it."),
                query("model", "Of this model."),
            ],
            Schema.list(Schema.object(["at": Schema.whole, "wei": Schema.whole, "per": Schema.whole])), problems: [400, 404, 503]),
        .get(
            "/marketplace/scores", "Scores for other gateways, signed in the field Sluice-Signature.", [],
            Schema.object(["asOf": Schema.whole, "scores": Schema.list(Schema.anything)]), problems: [404, 503]),
        .get(
            "/marketplace/services", "What is sold here, and what stands behind it.", [],
            Schema.object([
                "services": Schema.list(Schema.anything), "promise": Schema.anything, "capabilities": Schema.list(Schema.anything),
            ])),
    ]
}

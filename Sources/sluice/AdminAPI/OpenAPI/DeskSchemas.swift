import SluiceTypes

/// What the admin API's objects have; fields that may be missing are optional, and more may come.
enum DeskSchemas {
    /// A text that a person writes: `[String: Any].text` says what it may be.
    static let word: OpenAPIValue = ["type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\n\\r]+$"]
    static let wordOrNull: OpenAPIValue = ["type": ["string", "null"], "minLength": 1, "maxLength": 200, "pattern": "^[^\\n\\r]+$"]

    private static let numberOrNull: OpenAPIValue = ["type": ["number", "null"]]

    static let visitor = Schema.object(["name": Schema.text, "role": Schema.oneOf(AccessRole.allCases.map(\.rawValue))])

    private static let promise: [String: OpenAPIValue] = [
        "latency": Schema.text, "percentile": Schema.number, "playoutBudget": Schema.number, "gpuClasses": Schema.list(Schema.text),
        "preferGpuClasses": Schema.list(Schema.text), "region": Schema.text, "maxPricePerPixelWei": Schema.number,
        "hedgeBudget": Schema.number, "onMiss": Schema.oneOf(["gap", "source", "lower", "wait"]),
        "continuity": Schema.object(["seconds": Schema.number, "price": Schema.number, "segments": Schema.whole]),
    ]

    private static let check = Schema.object(
        ["isMet": Schema.flag, "words": Schema.text],
        optional: ["nearest": Schema.object(["orchestrator": Schema.text, "sla": Schema.object(promise)])])

    static let level = Schema.object(promise.merging(["check": check]) { first, _ in first })

    static let stream = Schema.object(
        [
            "id": Schema.text, "isLive": Schema.flag, "sourceBytes": Schema.whole, "renditionBytes": Schema.whole, "segments": Schema.whole,
            "missed": Schema.whole, "lost": Schema.whole, "hedges": Schema.whole, "retries": Schema.whole, "costWei": Schema.number,
            "recentMs": Schema.list(numberOrNull), "recentMissed": Schema.whole,
            "renditions": Schema.list(
                Schema.object(
                    ["name": Schema.text, "published": Schema.whole, "gaps": Schema.whole],
                    optional: ["width": Schema.whole, "height": Schema.whole])),
        ],
        optional: [
            "origin": Schema.text, "tenant": Schema.text, "startedAt": Schema.whole, "width": Schema.whole, "height": Schema.whole,
            "frameRate": Schema.number, "bitsPerSecond": Schema.number, "segmentMs": Schema.number, "orchestrator": Schema.text,
            "sequence": Schema.whole, "finishMs": Schema.number, "targetMs": Schema.number, "deadlineMs": Schema.number,
        ])

    private static let segment = Schema.object(
        [
            "sequence": Schema.whole, "durationMs": Schema.number, "bytes": Schema.whole, "firstByteToCutMs": Schema.number,
            "renditionsMs": Schema.list(numberOrNull),
        ],
        optional: [
            "sourcePublishedMs": Schema.number, "acceptedMs": Schema.number, "publishedMs": Schema.number, "failure": Schema.text,
            "trace": ["type": "string", "pattern": "^[0-9a-f]{32}$"],
        ])

    private static let profile = Schema.object([
        "name": Schema.text, "width": Schema.whole, "height": Schema.whole, "bitrate": Schema.whole, "fps": Schema.whole,
        "fpsDen": Schema.whole,
    ])

    static let streamDetail = Schema.object(
        ["stream": stream, "segments": Schema.list(segment), "decisions": Schema.list(RoutingOperations.decision), "sla": level],
        optional: ["profiles": Schema.list(profile)])

    static let changedProfiles = Schema.object(["profiles": Schema.list(profile)])

    /// Names of presets, and objects as in Livepeer's profile JSON.
    private static let wantedProfiles = Schema.list(["type": ["string", "object"]])

    static let ladderChange: OpenAPIValue = [
        "type": "object", "additionalProperties": false, "minProperties": 1,
        "properties": ["profiles": wantedProfiles, "add": wantedProfiles, "remove": Schema.list(Schema.text)],
    ]

    private static let quota = Schema.object(
        [
            "streamsNow": Schema.whole, "pixelsPerSecondNow": Schema.whole, "weiToday": Schema.text, "dayEndsAt": Schema.whole,
            "whenSpent": Schema.oneOf(TenantQuota.WhenSpent.allCases.map(\.rawValue)), "isSpent": Schema.flag,
        ],
        optional: [
            "streams": Schema.whole, "renditions": Schema.whole, "pixelsPerSecond": Schema.whole, "weiPerDay": Schema.text,
        ])

    private static let line: [String: OpenAPIValue] = [
        "id": Schema.text, "standing": Schema.oneOf(OrchestratorRoster.Standing.allCases.map(\.rawValue)), "isReachable": Schema.flag,
        "inFlight": Schema.whole, "late": Schema.whole, "streams": Schema.whole,
    ]

    static let orchestrator = Schema.object(
        line.merging(["origin": Schema.oneOf(["settings", "api"])]) { first, _ in first },
        optional: ["statistics": RoutingOperations.orchestrator, "p50Ms": Schema.number, "p90Ms": Schema.number, "p99Ms": Schema.number])

    static let overview = Schema.object([
        "at": Schema.whole, "startedAt": Schema.whole, "node": Schema.text, "version": Schema.text, "totals": Schema.table(Schema.number),
        "streams": Schema.list(stream), "orchestrators": Schema.list(Schema.object(line)), "hasPlaylists": Schema.flag,
    ])

    static let tenant = Schema.object(
        [
            "name": Schema.text, "streams": Schema.list(Schema.text), "keyCount": Schema.whole, "liveStreams": Schema.list(Schema.text),
            "sla": Schema.object(promise), "quota": quota,
        ], optional: ["keys": Schema.list(Schema.text)])

    static let runner = Schema.object(
        [
            "app": Schema.text, "orchestrator": Schema.text, "path": Schema.text, "version": Schema.text,
            "mode": Schema.oneOf(RunnerMode.allCases.map(\.rawValue)), "capacity": Schema.whole, "available": Schema.whole,
            "isWell": Schema.flag,
        ],
        optional: [
            "gpu": Schema.text, "memoryMB": Schema.whole, "priceUSD": Schema.number,
            "priceUnit": Schema.oneOf(RunnerPrice.Unit.allCases.map(\.rawValue)), "medianMs": Schema.number, "p90Ms": Schema.number,
        ])

    static let prices = Schema.object(
        [
            "tenants": Schema.table(Schema.number),
            "capabilities": Schema.list(
                Schema.object(
                    ["pipeline": Schema.text, "weiPerUnit": Schema.number, "isOrdered": Schema.flag], optional: ["model": Schema.text])),
        ], optional: ["node": Schema.number])

    private static let setting = Schema.object(
        ["key": Schema.text, "source": Schema.text, "needsRestart": Schema.flag, "isSecret": Schema.flag],
        optional: ["value": Schema.text, "default": Schema.text])

    static let configuration = Schema.object(
        ["loadedAt": Schema.whole, "waitingForRestart": Schema.list(Schema.text), "settings": Schema.list(setting)],
        optional: ["file": Schema.text, "problem": Schema.text])

    static let reloaded = Schema.object([
        "changed": Schema.list(Schema.text), "waitingForRestart": Schema.list(Schema.text), "notes": Schema.list(Schema.text),
    ])

    static let whatIf = Schema.object(
        ["isKnown": Schema.flag, "check": check, "notes": Schema.list(Schema.text)],
        optional: ["reason": Schema.text, "now": Schema.anything, "then": Schema.anything])
}

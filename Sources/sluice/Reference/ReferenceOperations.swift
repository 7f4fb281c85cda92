import SluiceWire

/// The endpoints of the reference's admin port (docs/Migrating-from-go-livepeer.md). Its orders are taken by GET too, as there; scripts send a
/// form by POST.
enum ReferenceOperations {
    private static let plain = "text/plain; charset=utf-8"

    private static func text(_ path: String, _ about: String) -> OpenAPIOperation {
        OpenAPIOperation(method: "get", path: path, about: about, answers: [.text(plain, "as the reference says it")])
    }

    private static func order(_ path: String, _ about: String, _ form: OpenAPIValue, _ answers: [OpenAPIOperation.Answer])
        -> OpenAPIOperation
    {
        OpenAPIOperation(method: "post", path: path, about: about, body: form, isForm: true, answers: answers)
    }

    private static let done = OpenAPIOperation.Answer(status: 200, about: "done", schema: nil)
    private static let nullableText: OpenAPIValue = ["type": ["string", "null"]]

    private static let status = Schema.object([
        "streams": Schema.list(Schema.anything), "orchestrators": Schema.list(Schema.anything), "Manifests": Schema.table(Schema.anything),
        "InternalManifests": Schema.table(Schema.text),
        "StreamInfo": Schema.table(Schema.object(["SourceBytes": Schema.whole, "TranscodedBytes": Schema.whole])),
        "OrchestratorPool": Schema.list(Schema.text), "OrchestratorPoolInfos": Schema.list(Schema.anything), "Version": Schema.text,
        "GolangRuntimeVersion": Schema.text, "GOArch": Schema.text, "GOOS": Schema.text, "RegisteredTranscodersNumber": Schema.whole,
        "RegisteredTranscoders": Schema.list(Schema.text), "LocalTranscoding": Schema.flag, "BroadcasterPrices": Schema.table(Schema.text),
    ])

    static let all: [OpenAPIOperation] =
        named
        + named.filter { ReferenceEndpoint.looks.contains($0.path) }.map { look in
            var posted = look
            posted.method = "post"
            return posted
        }
        + named.filter { ReferenceEndpoint.orders.contains($0.path) }.map { order in
            OpenAPIOperation(
                method: "get", path: order.path, about: "\(order.about) Its parameters as a query, as the reference has it.",
                answers: order.answers)
        }

    private static let named: [OpenAPIOperation] = [
        .get("/status", "Streams, renditions and orchestrators: the reference's fields beside ours.", [], status),
        text("/streamID", "The stream that was opened last, and its source."), text("/manifestID", "The stream that was opened last."),
        .get("/localStreams", "Always empty.", [], Schema.list(Schema.text)), text("/debug", "The newest playlist, for people."),
        text("/getLogLevel", "glog's verbosity."),
        order(
            "/setLogLevel", "Sets glog's verbosity.",
            [
                "type": "object", "required": ["loglevel"],
                "properties": ["loglevel": ["type": "integer", "minimum": 0, "maximum": 99]],
            ], [done, .problem(400)]),
        .get(
            "/getBroadcastConfig", "The highest price and the renditions.", [],
            Schema.object(["MaxPrice": nullableText, "TranscodingOptions": Schema.text])),
        order(
            "/setBroadcastConfig", "Changes them for streams that begin from now on, until the next start.",
            [
                "type": "object",
                "anyOf": [["required": ["maxPricePerUnit", "pixelsPerUnit"]], ["required": ["transcodingOptions"]]],
                "properties": [
                    "maxPricePerUnit": ["type": "integer", "minimum": 0, "maximum": 1_000_000_000],
                    "pixelsPerUnit": ["type": "integer", "minimum": 1, "maximum": 1_000_000_000],
                    "currency": Schema.oneOf(["wei"]), "transcodingOptions": Schema.oneOf(TranscodePresets.all.keys.sorted()),
                ],
            ], [done, .problem(400)]),
        .get("/getAvailableTranscodingOptions", "Names of renditions.", [], Schema.list(Schema.text)),
        order(
            "/setMaxPriceForCapability", "Always refused: ceilings stand in the settings, `marketplace.maxPrices`.",
            [
                "type": "object", "required": ["maxPricePerUnit", "pixelsPerUnit", "currency", "pipeline", "modelID"],
                "properties": [
                    "maxPricePerUnit": Schema.text, "pixelsPerUnit": Schema.text, "currency": Schema.text, "pipeline": Schema.text,
                    "modelID": Schema.text,
                ],
            ], [.problem(400)]),
        .get("/getAISessionPoolsInfo", "Always empty.", [], Schema.anything),
        .get("/getNetworkCapabilities", "What each orchestrator says that it can.", [], Schema.anything),
    ]
}

/// Applications behind the gateway, at the media port (docs/AI.md). What they answer is their own.
enum AppOperations {
    private static let server = "http://127.0.0.1:9935"

    static let all: [OpenAPIOperation] = ["get", "post", "put", "delete"].map { method in
        OpenAPIOperation(
            method: method, path: "/apps/{app}/{path}",
            about: "A request to an application; the path may have further parts. WebSockets and server-sent events go through as well.",
            parameters: [
                .init(name: "app", about: "The application, its slashes percent-encoded or not.", isRequired: true),
                .init(name: "path", about: "The application's own path.", isRequired: true),
                .init(name: "Sluice-App-Version", about: "Of this version alone.", isHeader: true),
                .init(name: "Sluice-App-Max-Price", about: "Wei for a second at most.", isHeader: true),
                .init(name: "traceparent", about: "W3C Trace Context; reaches the application.", isHeader: true),
            ],
            answers: [
                .init(status: 200, about: "what the application answers, whatever the status", schema: nil),
                .problem(400), .init(status: 502, about: "its runner broke off", schema: nil), .problem(503),
                .init(status: 504, about: "its runner did not answer", schema: nil),
            ], server: server)
    }
}

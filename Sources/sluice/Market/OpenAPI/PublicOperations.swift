import SluiceNetwork
import SluiceWire

/// What publishers and viewers do at the media port.
enum MediaOperations {
    static let stream = OpenAPIOperation.Parameter(name: "stream", about: "The stream's name.", isRequired: true, schema: Schema.stream)
    private static let rendition = OpenAPIOperation.Parameter(
        name: "rendition", about: "As the multivariant playlist names it; `source` is the publisher's own.", isRequired: true)
    private static let file = OpenAPIOperation.Parameter(
        name: "file", about: "NUMBER.ts or NUMBER.mp4.", isRequired: true, schema: ["type": "string", "pattern": "^[0-9]+[.](ts|mp4)$"])
    private static let playlist = OpenAPIOperation.Answer.text("application/vnd.apple.mpegurl", "the playlist")
    private static let over = OpenAPIOperation.Answer(status: 410, about: "it is over, or has left the window", schema: nil)
    private static let media = OpenAPIOperation.Answer(status: 200, about: "the bytes", schema: nil)

    private static func push(_ method: String) -> OpenAPIOperation {
        OpenAPIOperation(
            method: method, path: "/live/{stream}/{file}", about: "Push a segment; the body is the media.", parameters: [stream, file],
            answers: [
                .init(status: 200, about: "taken; with Accept: multipart/mixed the renditions", schema: nil), .problem(400),
                .init(status: 403, about: "the auth webhook, or the token, says no", schema: nil),
                .init(status: 409, about: "somebody else publishes it", schema: nil), .problem(413),
                .init(status: 422, about: "the body is no media", schema: nil),
                .init(status: 429, about: "its tenant has as much as it may have", schema: nil), .problem(500), .problem(503),
            ], isOpen: true)
    }

    private static func read(
        _ path: String, _ about: String, _ parameters: [OpenAPIOperation.Parameter], _ answers: [OpenAPIOperation.Answer]
    ) -> OpenAPIOperation {
        OpenAPIOperation(method: "get", path: path, about: about, parameters: parameters, answers: answers, isOpen: true)
    }

    static let all: [OpenAPIOperation] = [
        push("post"), push("put"),
        OpenAPIOperation(
            method: "delete", path: "/live/{stream}", about: "Ends a pushed stream.", parameters: [stream],
            answers: [.init(status: 204, about: "it has ended", schema: nil), .problem(400), .problem(403), .problem(404)], isOpen: true),
        read("/stream/{stream}.m3u8", "The multivariant playlist.", [stream], [playlist, .problem(404), over]),
        read("/stream/{stream}/{rendition}.m3u8", "A media playlist.", [stream, rendition], [playlist, .problem(404), over]),
        read("/stream/{stream}/{rendition}/{file}", "A segment.", [stream, rendition, file], [media, .problem(404), over]),
        read("/ll/{stream}.m3u8", "The multivariant playlist for low latency.", [stream], [playlist, .problem(404), over]),
        read(
            "/ll/{stream}/{rendition}.m3u8", "A media playlist with parts; with _HLS_msn and _HLS_part it waits for that part.",
            [stream, rendition], [playlist, .problem(400), .problem(404), over, .problem(503)]),
        read(
            "/ll/{stream}/{rendition}/{piece}", "init-N.mp4, segment-N.m4s or part-N.m4s, as a playlist names them.",
            [stream, rendition, .init(name: "piece", about: "The piece.", isRequired: true)], [media, .problem(404), over]),
        read("/play/{stream}", "A page that shows the stream.", [stream], [.text("text/html; charset=utf-8", "the page"), .problem(404)]),
        read(
            "/ai/trickle/{channel}/{sequence}", "The result of a model as MPEG-TS; -1 is the segment that is written now.",
            [
                .init(name: "channel", about: "The result's name.", isRequired: true),
                .init(name: "sequence", about: "A number, -1 for the newest, -2 for the next.", isRequired: true),
            ],
            [
                media, .problem(400), .problem(404), .init(status: 405, about: "it can only be read", schema: nil),
                .init(status: 470, about: "the segment is not there any more, or not yet", schema: nil),
            ]),
        read("/healthz", "Whether the process lives.", [], [.text("text/plain", "ok")]),
        read("/openapi.json", "This document.", [], [.json(Schema.anything)]),
    ]
}

/// Work of models on streams: live video, and BYOC streams.
enum LiveVideoOperations {
    private static let name = OpenAPIOperation.Parameter(name: "name", about: "The stream's name, or its streamId.", isRequired: true)
    private static let id = OpenAPIOperation.Parameter(name: "id", about: "The stream_id of the start's answer.", isRequired: true)
    private static let job = OpenAPIOperation.Parameter(
        name: "Livepeer",
        about: "base64 of JSON: capability, timeout_seconds, request and parameters (text that holds JSON; enable_video_ingress, …).",
        isRequired: true, isHeader: true)
    private static let events = OpenAPIOperation.Answer.text("text/event-stream", "events, to the stream's end")
    private static let gone = OpenAPIOperation.Answer.problem(404)

    private static func one(
        _ method: String, _ path: String, _ about: String, _ parameters: [OpenAPIOperation.Parameter], body: OpenAPIValue? = nil,
        isForm: Bool = false, _ answers: [OpenAPIOperation.Answer]
    ) -> OpenAPIOperation {
        OpenAPIOperation(
            method: method, path: path, about: about, parameters: parameters, body: body, isForm: isForm, answers: answers, isOpen: true)
    }

    private static let started = Schema.object(
        Dictionary(
            uniqueKeysWithValues: [
                "stream_id", "whip_url", "whep_url", "rtmp_url", "rtmp_output_url", "update_url", "status_url", "data_url", "stop_url",
                "events_url",
            ].map { ($0, Schema.text) }),
        optional: ["http_push_url": Schema.text, "hls_url": Schema.text, "ll_hls_url": Schema.text, "trickle_url": Schema.text])

    private static let begin = Schema.object(
        [:],
        optional: [
            "stream_name": Schema.text, "stream_id": Schema.text, "rtmp_output": Schema.text,
            "params": ["type": ["string", "object"]],
        ])

    static let all: [OpenAPIOperation] = [
        one("get", "/live/video-to-video/{name}/status", "How a model's work goes.", [name], [.json(Schema.anything), gone]),
        one("get", "/live/video-to-video/{name}/events", "The same at each change.", [name], [events, gone]),
        one(
            "post", "/live/video-to-video/{name}/update", "New parameters.", [name], body: Schema.anything,
            [
                .init(status: 200, about: "the worker's orchestrator has them", schema: nil), .problem(400), gone, .problem(413),
                .problem(500),
            ]),
        one(
            "delete", "/live/video-to-video/{name}", "Ends the work; the source goes on.", [name],
            [.init(status: 204, about: "it has ended", schema: nil), gone]),
        one(
            "post", "/process/stream/start", "Begins a stream of a capability (BYOC).", [job], body: begin,
            [.json(started), .problem(400), .problem(403), .problem(413), .problem(503)]),
        one(
            "post", "/process/stream/{id}/update", "New parameters; what the worker answers.", [id, job], body: Schema.anything,
            [
                .init(status: 200, about: "what the worker answers, whatever the status", schema: nil), .problem(400), gone, .problem(413),
                .problem(502),
            ]),
        one(
            "post", "/process/stream/{id}/stop", "Ends it; what the worker answers.", [id],
            [.init(status: 200, about: "what the worker answers, whatever the status", schema: nil), gone]),
        one(
            "post", "/process/stream/{id}/rtmp", "A media server says that its publisher is ready.", [id],
            body: Schema.object(["source_id": Schema.text, "source_type": Schema.text]), isForm: true,
            [.init(status: 200, about: "it publishes here", schema: nil), .problem(400), gone]),
        one(
            "post", "/process/stream/{id}/whip", "There is no WHIP.", [id],
            [.init(status: 501, about: "publish by RTMP", schema: nil)]),
        one("get", "/process/stream/{id}/status", "How it goes.", [id], [.json(Schema.anything), gone]),
        one("get", "/process/stream/{id}/events", "The same at each change.", [id], [events, gone]),
        one("get", "/process/stream/{id}/data", "Lines that the worker says.", [id], [events, gone, .problem(503)]),
    ]
}

/// Applications behind the gateway (docs/AI.md). What they answer is their own.
enum AppOperations {
    private static let app = OpenAPIOperation.Parameter(
        name: "app", about: "The application, its slashes percent-encoded or not.", isRequired: true)
    private static let session = OpenAPIOperation.Parameter(name: "session", about: "Of a reservation's answer.", isRequired: true)
    private static let wishes: [OpenAPIOperation.Parameter] = [
        .init(name: "Sluice-App-Version", about: "Of this version alone.", isHeader: true),
        .init(name: "Sluice-App-GPU", about: "Part of the GPU's name.", isHeader: true),
        .init(
            name: "Sluice-App-Min-VRAM-MB", about: "Memory of the GPU at least.", isHeader: true, schema: ["type": "integer", "minimum": 0]),
        .init(
            name: "Sluice-App-Max-Price", about: "US dollars at most, in the runner's unit.", isHeader: true,
            schema: ["type": "number", "minimum": 0]),
        .init(name: "traceparent", about: "W3C Trace Context; reaches the application.", isHeader: true),
    ]
    private static let served: [OpenAPIOperation.Answer] = [
        .init(status: 200, about: "what the runner answers, whatever the status", schema: nil), .problem(400),
        .init(status: 502, about: "its runner broke off", schema: nil), .problem(503),
        .init(status: 504, about: "its runner did not answer", schema: nil),
    ]

    private static func one(
        _ method: String, _ path: String, _ about: String, _ parameters: [OpenAPIOperation.Parameter], body: OpenAPIValue? = nil,
        _ answers: [OpenAPIOperation.Answer]
    ) -> OpenAPIOperation {
        OpenAPIOperation(method: method, path: path, about: about, parameters: parameters, body: body, answers: answers, isOpen: true)
    }

    static let all: [OpenAPIOperation] =
        ["get", "post", "put", "delete"].map { method in
            one(
                method, "/apps/{app}/{path}",
                "A request to an application; the path may have further parts. WebSockets and server-sent events go through as well.",
                [app, .init(name: "path", about: "The application's own path.", isRequired: true)] + wishes, served)
        } + [
            one(
                "post", "/apps/{app}/session", "A session for many requests.", [app] + wishes,
                [
                    .json(Schema.object(["session_id": Schema.text, "app_url": Schema.text, "control_url": Schema.text])), .problem(400),
                    .problem(503),
                ]),
            one(
                "post", "/apps/{app}/session/{session}/renew", "The session lives on.", [app, session],
                [.init(status: 204, about: "it does", schema: nil), .problem(404), .problem(503)]),
            one(
                "post", "/apps/{app}/session/{session}/stop", "Ends it.", [app, session],
                [.init(status: 204, about: "it has ended, or never was", schema: nil), .problem(503)]),
            one("get", "/discovery", "The runners of all orchestrators.", [], [.json(Schema.list(Schema.anything))]),
            one(
                "get", "/capabilities", "What can be asked for now.", [],
                [
                    .json(
                        Schema.object([
                            "apps": Schema.list(Schema.anything), "batch": Schema.anything, "liveVideo": Schema.list(Schema.anything),
                            "transcoding": Schema.anything,
                        ])),
                    .init(status: 304, about: "as it was", schema: nil),
                ]),
            one(
                "post", "/process/request/{path}", "A job of a capability (BYOC); the path is the worker's.",
                [
                    .init(name: "path", about: "The worker's own path.", isRequired: true),
                    .init(
                        name: "Livepeer", about: "base64 of JSON: capability, timeout_seconds, request, parameters.", isRequired: true,
                        isHeader: true),
                ], served),
        ]
        + BatchPipeline.names.map { name in
            one(
                "post", "/\(name)", "Batch AI: a runner of \(name)/MODEL; JSON or a form, whose model_id may be missing.", [],
                served + [.problem(413)])
        }
}

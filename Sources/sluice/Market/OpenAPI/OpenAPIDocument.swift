/// The document of all of a gateway's HTTP interfaces (`GET /openapi.json`). A part of the program that brings an interface brings its
/// operations; they are listed here.
enum OpenAPIDocument {
    static var operations: [OpenAPIOperation] {
        AdminOperations.all + DeskOperations.all + RoutingOperations.all + ReferenceOperations.all + MarketOperations.all
            + MediaOperations.all
            + AppOperations.all
    }

    /// - Parameter asksForTokens: as the admin port does where the gateway has any.
    static func document(_ operations: [OpenAPIOperation] = operations, asksForTokens: Bool) -> OpenAPIValue {
        var paths: [String: [String: OpenAPIValue]] = [:]
        for operation in operations { paths[operation.path, default: [:]][operation.method] = operation.value(asksForToken: asksForTokens) }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Sluice gateway", "version": .text(Sluice.version),
                "description":
                    "Admin port: the desk below /api/v1/, routing, marketplace, the reference's endpoints. Paths of the media port name its server. Where the gateway has tokens, the admin port asks for one. Problems below /api/v1/ are objects, others plain text: what was wrong, and what would be right.",
            ],
            "components": ["securitySchemes": ["token": ["type": "http", "scheme": "bearer"]]],
            "servers": [["url": "/"]],
            "paths": .object(paths.mapValues { .object($0) }),
        ]
    }
}

enum AdminOperations {
    static let all: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "get", path: "/healthz", about: "Whether the process lives.",
            answers: [.text("text/plain; charset=utf-8", "ok")], isOpen: true),
        OpenAPIOperation(
            method: "get", path: "/metrics", about: "Every figure, for Prometheus.",
            answers: [.text("text/plain; version=0.0.4; charset=utf-8", "metrics")]),
        .get("/openapi.json", "This document.", [], Schema.anything),
    ]
}

enum MediaOperations {
    private static let server = "http://127.0.0.1:9935"
    private static let name = OpenAPIOperation.Parameter(name: "name", about: "The stream.", isRequired: true)
    private static let file = OpenAPIOperation.Parameter(name: "file", about: "SEQUENCE.ts or SEQUENCE.mp4.", isRequired: true)

    static let all: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "post", path: "/live/{name}/{file}", about: "Push a segment; the body is the media.", parameters: [name, file],
            answers: [
                .init(status: 200, about: "taken; with Accept: multipart/mixed the renditions", schema: nil), .problem(400),
                .init(status: 403, about: "the auth webhook said no", schema: nil), .problem(503),
            ], server: server),
        OpenAPIOperation(
            method: "get", path: "/stream/{name}.m3u8", about: "The multivariant playlist.", parameters: [name],
            answers: [.text("application/vnd.apple.mpegurl", "the playlist"), .init(status: 404, about: "no such stream", schema: nil)],
            server: server),
        OpenAPIOperation(
            method: "get", path: "/ll/{name}.m3u8", about: "The same for low latency.", parameters: [name],
            answers: [.text("application/vnd.apple.mpegurl", "the playlist"), .init(status: 404, about: "no such stream", schema: nil)],
            server: server),
    ]
}

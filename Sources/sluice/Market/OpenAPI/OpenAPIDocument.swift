/// The documents of a gateway's HTTP interfaces (`GET /openapi.json`), one on each port. A part of the program that brings an interface
/// brings its operations; they are listed here.
enum OpenAPIDocument {
    static var operations: [OpenAPIOperation] {
        AdminOperations.all + DeskOperations.all + RoutingOperations.all + ReferenceOperations.all + MarketOperations.all
    }

    /// - Parameter asksForTokens: as the admin port does where the gateway has any.
    static func document(_ operations: [OpenAPIOperation] = operations, asksForTokens: Bool) -> OpenAPIValue {
        document(
            operations, "Sluice gateway",
            "Admin port: the desk below /api/v1/, routing, marketplace, the reference's endpoints. The media port (9935) has a document of its own at its /openapi.json. Where the gateway has tokens, the admin port asks for one. Problems below /api/v1/ are objects, others plain text: what was wrong, and what would be right.",
            asksForTokens: asksForTokens)
    }

    /// Of the media port.
    ///
    /// - Parameter hasMarket: whether its open part is there.
    static func ofMediaPort(hasMarket: Bool) -> OpenAPIValue {
        var market = MarketOperations.all.filter { MarketEndpoint.open.contains($0.path) }
        for place in market.indices { market[place].isOpen = true }
        return document(
            MediaOperations.all + LiveVideoOperations.all + AppOperations.all + (hasMarket ? market : []), "Sluice gateway, media port",
            "What publishers, viewers and applications use. The admin port (5935) has a document of its own at its /openapi.json. Problems are told in plain text: what was wrong, and what would be right.",
            asksForTokens: false)
    }

    private static func document(
        _ operations: [OpenAPIOperation], _ title: String, _ about: String, asksForTokens: Bool
    ) -> OpenAPIValue {
        var paths: [String: [String: OpenAPIValue]] = [:]
        for operation in operations { paths[operation.path, default: [:]][operation.method] = operation.value(asksForToken: asksForTokens) }
        return [
            "openapi": "3.1.0",
            "info": ["title": .text(title), "version": .text(Sluice.version), "description": .text(about)],
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

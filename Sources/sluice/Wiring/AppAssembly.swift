import Foundation
import HTTPTypes
import Logging
import NIOCore
import ServiceLifecycle
import SluiceGateway
import SluiceNetwork
import SluiceTypes
import SluiceWire

/// A gateway's face for applications: the runners of its orchestrators at `/apps/…`, batch AI and BYOC.
struct AppAssembly {
    let door: AppDoor
    let proxy: HTTPServer.Proxy
    let desk: AppDesk
    let streams: StreamJobEndpoint

    init(
        _ settings: GatewayFileSettings, stage: AppStage, jobs: any StreamJobs & LiveVideoControl, rtmp: @escaping @Sendable () -> Int,
        group: any EventLoopGroup,
        used: @escaping @Sendable (AppUse) -> Void, logger: Logger
    ) throws {
        let isSecure = settings.httpCertificate.certificate != nil
        let usual = "\(settings.http.host):\(settings.http.port)"
        desk = try AppDesk(
            directory: stage, orchestrators: settings.orchestrators, settings: settings.apps,
            group: group, used: used, logger: logger)
        let base: @Sendable (HTTPRequest) -> String = { request in "\(isSecure ? "https" : "http")://\(request.authority ?? usual)" }
        door = AppDoor(desk, base: base)
        let host = settings.http.host
        streams = StreamJobEndpoint(jobs) { request in
            let name = request.authority.flatMap { URL(string: "http://\($0)")?.host() } ?? host
            return .init(http: base(request), rtmp: "rtmp://\(name.contains(":") ? "[\(name)]" : name):\(rtmp())")
        }
        proxy = HTTPServer.Proxy(
            router: ProxyRouters([door, CapabilityProxy(desk), BatchProxy(desk)]), connections: try ProxyConnections())
    }

    var service: any Service {
        let desk = desk
        return BackgroundService { await desk.run() }
    }
}

/// The media port, with the face for applications before it.
struct GatewayPort: HTTPResponder {
    let media: MediaEndpoint
    let apps: AppDoor
    let streams: StreamJobEndpoint
    let capabilities: CapabilitiesEndpoint

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        if path == CapabilitiesEndpoint.path {
            try await capabilities.respond(to: request, with: writer)
        } else if path.hasPrefix(StreamJobEndpoint.prefix) {
            try await streams.respond(to: request, with: writer)
        } else if path == "/openapi.json" {
            guard request.head.method == .get || request.head.method == .head else {
                return try await writer.send(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
            }
            try await writer.send(json: OpenAPIDocument.ofMediaPort(hasMarket: false))
        } else if AppDoor.owns(path) {
            try await apps.respond(to: request, with: writer)
        } else {
            try await media.respond(to: request, with: writer)
        }
    }
}

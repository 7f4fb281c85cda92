import HTTPTypes
import Logging
import NIOCore
import ServiceLifecycle
import SluiceGateway
import SluiceNetwork
import SluiceTypes

/// A gateway's face for applications: the runners of its orchestrators at `/apps/…`, batch AI and BYOC.
struct AppAssembly {
    let door: AppDoor
    let proxy: HTTPServer.Proxy
    let desk: AppDesk

    init(_ settings: GatewayFileSettings, group: any EventLoopGroup, used: @escaping @Sendable (AppUse) -> Void, logger: Logger) throws {
        let isSecure = settings.httpCertificate.certificate != nil
        let usual = "\(settings.http.host):\(settings.http.port)"
        desk = try AppDesk(
            directory: AppStage(settings: settings.role.routing), orchestrators: settings.orchestrators, settings: settings.apps,
            group: group, used: used, logger: logger)
        door = AppDoor(desk) { request in "\(isSecure ? "https" : "http")://\(request.authority ?? usual)" }
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
    let capabilities: CapabilitiesEndpoint

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        if (request.head.path ?? "").prefix(while: { $0 != "?" }) == CapabilitiesEndpoint.path {
            try await capabilities.respond(to: request, with: writer)
        } else if AppDoor.owns((request.head.path ?? "").prefix { $0 != "?" }) {
            try await apps.respond(to: request, with: writer)
        } else {
            try await media.respond(to: request, with: writer)
        }
    }
}

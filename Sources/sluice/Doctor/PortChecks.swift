import NIOCore
import NIOPosix

/// Whether the ports can be had, and who reaches them.
struct PortChecks: Sendable {
    private static let subject = "ports"
    let settings: GatewayFileSettings

    var findings: [Finding] {
        get async {
            let ports = [("rtmp", settings.rtmp), ("http", settings.http), ("admin", settings.admin.listen)]
            var findings: [Finding] = []
            for (name, listen) in ports { findings.append(await look(at: listen, name)) }
            let numbers = ports.map(\.1.port).filter { $0 != 0 }
            if Set(numbers).count < numbers.count {
                findings.append(.fault(Self.subject, "two of them are the same", "give each a port of its own"))
            }
            if !AdminSettings.isLoopback(settings.rtmp.host) || !AdminSettings.isLoopback(settings.http.host),
                settings.authWebhook.url == nil
            {
                findings.append(
                    .warning(
                        Self.subject, "whoever reaches this machine may publish under any name",
                        "set authWebhook, or let a firewall decide who reaches \(settings.rtmp.port) and \(settings.http.port)"))
            }
            return findings
        }
    }

    private func look(at listen: ListenSettings, _ name: String) async -> Finding {
        let place = "\(name) \(listen.host):\(listen.port)"
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1).bind(host: listen.host, port: listen.port).get()
            try? await channel.close()
            return .good(Self.subject, "\(place) is free")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            if await isSluice {
                return .note(Self.subject, "\(place) is taken, by a Sluice gateway that runs here", "nothing, if that is the one")
            }
            return .fault(
                Self.subject, "\(place) is taken by another program",
                "ss -ltnp 'sport = :\(listen.port)' names it; stop it, or set \(name).port")
        } catch let error as IOError where error.errnoCode == EACCES {
            return .fault(
                Self.subject, "\(place) is only for root", "a port from 1024 on, or setcap cap_net_bind_service=+ep on the program")
        } catch {
            return .fault(
                Self.subject, "\(place) cannot be bound: \(error)", "set \(name).host to an address of this machine, or to 0.0.0.0 for all")
        }
    }

    private var isSluice: Bool {
        get async {
            guard let client = try? AdminClient("127.0.0.1:\(settings.admin.listen.port)") else { return false }
            return (try? await client.get("/healthz")) != nil
        }
    }
}

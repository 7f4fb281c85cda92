import SluiceGateway
import SluiceTypes

/// What a person sees when a role has started: where to publish and where to play.
enum Greeting {
    static func gateway(_ settings: GatewayFileSettings, ports: (rtmp: Int, http: Int, admin: Int)) -> String {
        let renditions =
            settings.role.profiles.isEmpty
            ? "source only" : "source, " + settings.role.profiles.map(\.name).joined(separator: ", ")
        let workers = settings.embedsOrchestrator ? "embedded" : settings.orchestrators.joined(separator: ", ")
        let host = settings.rtmp.host == "0.0.0.0" ? "127.0.0.1" : settings.rtmp.host
        let web = settings.http.host == "0.0.0.0" ? "127.0.0.1" : settings.http.host
        let admin = settings.admin.listen.host == "0.0.0.0" ? "127.0.0.1" : settings.admin.listen.host
        let scheme = settings.httpCertificate.certificate == nil ? "http" : "https"
        let lowLatency =
            settings.role.lowLatency.isOn
            ? "\n            \(scheme)://\(web):\(ports.http)/ll/NAME.m3u8            (low latency)" : ""
        return """
            Sluice gateway \(Sluice.version)
              publish   rtmp://\(host):\(ports.rtmp)/live/NAME            (OBS: server rtmp://\(host):\(ports.rtmp)/live, stream key NAME)
                        \(scheme)://\(web):\(ports.http)/live/NAME/0.ts        (HTTP push: POST or PUT one segment after another)
              play      \(scheme)://\(web):\(ports.http)/stream/NAME.m3u8\(lowLatency)
                        rtmp://\(host):\(ports.rtmp)/live/NAME            (the source, as it comes)
              status    http://\(admin):\(ports.admin)/status   /metrics   /healthz
              console   http://\(admin):\(ports.admin)/console/
              renditions    \(renditions)
              orchestrator  \(workers)
              Ctrl-C ends everything in order.
            """
    }

    static func orchestrator(serviceURI: String, port: Int, adminPort: Int) -> String {
        """
        Sluice orchestrator \(Sluice.version)
          service   \(serviceURI)   (listening on port \(port))
          gateways  sluice gateway --orchestrator \(serviceURI)
          status    http://127.0.0.1:\(adminPort)/status   /metrics   /healthz
          Ctrl-C ends everything in order.
        """
    }

    static func script(_ play: ScriptStatus, adminPort: Int) -> String {
        let names = play.orchestrators.map { "  \($0.name)   \($0.uri)" }.joined(separator: "\n")
        let flags = play.orchestrators.map { "--orchestrator \($0.uri)" }.joined(separator: " ")
        return """
            Sluice \(Sluice.version) plays scenario \(play.scenario)
            \(names)
              gateways  sluice gateway \(flags)
              status    http://127.0.0.1:\(adminPort)/status   /healthz
              Ctrl-C ends the play; so does its own end.
            """
    }
}

import Foundation
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Containers of a real engine.
@Suite(.disabled("they hang, and why is not found yet"), .timeLimit(.minutes(3))) struct PodmanTests {
    private static let web = ["httpd", "-f", "-vv", "-p", "127.0.0.1:{port}", "-h", "/www"]

    private func host(_ podman: Podman, owner: String = "https://o:1") -> ContainerHost {
        ContainerHost(
            path: podman.socket, owner: owner, address: "https://o:1", group: MultiThreadedEventLoopGroup.singleton,
            logger: TestServer.quiet)
    }

    private func engine(_ podman: Podman) -> ContainerEngine {
        ContainerEngine(path: podman.socket, group: MultiThreadedEventLoopGroup.singleton)
    }

    @Test func aContainerIsStartedOfferedRestartedAndRemoved() async throws {
        try await Podman.running { podman in
            let host = host(podman)
            let engine = engine(podman)
            let order = Keeping.order("web", health: "/health", .container(Podman.order(Self.web)))
            // BusyBox's httpd is its container's first process, and hears no SIGTERM that it has no handler for.
            try await Keeping.of([order], containers: host, settings: Keeping.settings(stop: .milliseconds(500))) { keeping in
                let first = try await keeping.well("web")
                let place = try #require(first.place)
                let answer = try await keeping.door.ask("GET", "/apps/web/app/health")
                #expect(answer.code == 200 && answer.body == "ok\n", "\(answer)")
                try await keeping.door.until("its log is there") {
                    keeping.keeper.log(of: "web")?.contains { $0.contains("/health") } == true
                }
                let inspected = try #require(try await engine.inspect(place.id))
                let given = inspected["HostConfig"]
                #expect(given?["ReadonlyRootfs"] == .bool(true) && given?["SecurityOpt"]?.elements?.contains("no-new-privileges") == true)
                try await engine.kill(place.id, signal: "SIGKILL")
                let second = try await keeping.until("web", "it comes back") { $0.phase == .healthy && $0.place?.id != place.id }
                #expect(second.restarts == 1 && second.lastFault == "it was ended by signal 9")
            }
            #expect(try await engine.list([:]).isEmpty, "nothing is left behind")
        }
    }

    @Test func whatAnOrchestratorLeftRunningIsTakenOverByTheNext() async throws {
        try await Podman.running { podman in
            let order = Keeping.order("web", health: "/health", .container(Podman.order(Self.web)))
            let other = Keeping.order("gone", health: "/health", .container(Podman.order(["sleep", "1000"])))
            // Killed: it does nothing more for them.
            let left = try await host(podman).launch(order, log: RunnerLog())
            _ = try await host(podman).launch(other, log: RunnerLog())
            let foreign = try await host(podman, owner: "https://o:2").launch(other, log: RunnerLog())
            try await Keeping.of([order], containers: host(podman), settings: Keeping.settings(stop: .milliseconds(500))) { keeping in
                let standing = try await keeping.well("web")
                #expect(standing.place?.id == left.id && standing.place?.isTakenOver == true && standing.restarts == 0)
                #expect(Set(try await engine(podman).list([:]).map(\.id)) == [left.id, foreign.id])
            }
            #expect(try await engine(podman).list([:]).map(\.id) == [foreign.id])
            try await engine(podman).remove(foreign.id)
        }
    }

    @Test func whatEndsAtOnceIsTriedAgainWithItsLastWords() async throws {
        try await Podman.running { podman in
            let order = Keeping.order("ends", .container(Podman.order(["sh", "-c", "echo that was it; exit 3"])))
            var none = Podman.order(Self.web)
            none.image = "localhost/not-there"
            none.pull = .never
            let missing = Keeping.order("none", .container(none))
            var odd = Podman.order(Self.web)
            odd.entrypoint = ["/no/such/program"]
            let broken = Keeping.order("broken", .container(odd))
            try await Keeping.of([order, missing, broken], containers: host(podman)) { keeping in
                let standing = try await keeping.until("ends", "it is tried again") { $0.restarts >= 1 }
                #expect(standing.lastFault == "it ended with exit code 3")
                try await keeping.door.until("its words are there") { keeping.keeper.log(of: "ends")?.contains("that was it") == true }
                let second = try await keeping.until("none", "it is tried again") { $0.restarts >= 1 }
                #expect(second.lastFault == "there is no image 'localhost/not-there' on this machine, and pull is never")
                let third = try await keeping.until("broken", "it is tried again") { $0.restarts >= 1 }
                #expect(third.lastFault?.contains("/no/such/program") == true)
            }
            #expect(try await engine(podman).list([:]).isEmpty)
        }
    }
}

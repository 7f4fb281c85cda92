import Foundation
import NIOCore
import NIOPosix
import SluiceOrchestrator
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceNetwork

/// What a real engine cannot be made to show here: registries, GPUs, an engine that goes away.
@Suite(.timeLimit(.minutes(3))) struct ContainerHostTests {
    private static let version = ScriptedEngine.Answer(pieces: [#"{"ApiVersion":"1.47","MinAPIVersion":"1.24"}"#])

    private func host(_ path: String) -> ContainerHost {
        ContainerHost(
            path: path, owner: "https://o:1", address: "https://o:1", login: { _ throws(RunnerFault) in nil },
            group: MultiThreadedEventLoopGroup.singleton, logger: TestServer.quiet
        )
    }

    private func hasty(_ path: String) -> ContainerHost {
        let times = ContainerEngine.Times(
            look: .milliseconds(200), call: .milliseconds(200), pullSilence: .milliseconds(200), watch: .milliseconds(20))
        return ContainerHost(
            engine: ContainerEngine(path: path, times: times, group: MultiThreadedEventLoopGroup.singleton), owner: "https://o:1",
            address: "https://o:1", login: { _ throws(RunnerFault) in nil }, logger: TestServer.quiet)
    }

    private func order(_ adjust: (inout ContainerOrder) -> Void = { _ in }) -> RunnerOrder {
        var container = ContainerOrder(image: "r.example.com:5000/team/worker")
        adjust(&container)
        return Keeping.order("w", health: "/health", .container(container))
    }

    @Test func anImageIsFetchedAndToldOf() async throws {
        try await ScriptedEngine.running { call in
            if call.uri == "/version" { return Self.version }
            if call.method == "GET" { return .init(status: 404, pieces: [#"{"message":"No such image"}"#]) }
            return .init(pieces: [
                #"{"status":"Pulling from team/worker","id":"latest"}"# + "\r\n",
                // A line may come in pieces, and two lines in one.
                #"{"status":"Downloading","progressDetail":{"current":1000000"#,
                #","total":4000000},"id":"a"}"# + "\n"
                    + #"{"status":"Downloading","progressDetail":{"current":4000000,"total":4000000},"id":"a"}"#
                    + "\n",
                #"{"status":"Status: Downloaded newer image"}"#,
            ])
        } _: { engine in
            let told = Mutex<[String]>([])
            try await host(engine.path).prepare(order()) { words in told.withLock { $0.append(words) } }
            #expect(told.withLock { $0.last } == "4 of 4 MB in 1 layers")
            #expect(
                engine.heard.map { "\($0.method) \($0.uri)" } == [
                    "GET /version", "GET /v1.44/images/r.example.com%3A5000%2Fteam%2Fworker/json",
                    "POST /v1.44/images/create?fromImage=r.example.com%3A5000%2Fteam%2Fworker%3Alatest",
                ])
        }
    }

    @Test func aPullThatFailsSaysWhy() async throws {
        try await ScriptedEngine.running { call in
            if call.uri == "/version" { return Self.version }
            if call.method == "GET" { return .init(status: 404, pieces: ["{}"]) }
            return .init(pieces: [
                #"{"status":"Pulling"}"# + "\n", #"{"errorDetail":{"message":"unauthorized: authentication required"},"error":"x"}"# + "\n",
            ])
        } _: { engine in
            let fault = await #expect(throws: RunnerFault.self) { try await host(engine.path).prepare(order()) { _ in } }
            #expect(fault?.kind == .pullDenied && fault?.description.contains("asked without a login") == true)
            let never = await #expect(throws: RunnerFault.self) {
                try await host(engine.path).prepare(order { $0.pull = .never }) { _ in }
            }
            #expect(never?.kind == .noImage && never?.description.hasSuffix("and pull is never") == true)
        }
    }

    @Test func aGPUThatIsNotThereIsNamedAndTheContainerRemoved() async throws {
        try await ScriptedEngine.running { call in
            switch call.uri {
            case "/version": Self.version
            case _ where call.uri.hasPrefix("/v1.44/containers/json"): .init(pieces: ["[]"])
            case _ where call.uri.hasPrefix("/v1.44/containers/create?name=sluice-w-"): .init(status: 201, pieces: [#"{"Id":"c1"}"#])
            case "/v1.44/containers/c1/start":
                .init(status: 500, pieces: [#"{"message":"could not select device driver \"\" with capabilities: [[gpu]]"}"#])
            default: .init(status: 204)
            }
        } _: { engine in
            let order = order { $0.gpus = .count(2) }
            let fault = await #expect(throws: RunnerFault.self) { try await host(engine.path).launch(order, log: RunnerLog()) }
            #expect(fault?.kind == .noGPU)
            let heard = engine.heard
            #expect(heard.last?.method == "DELETE" && heard.last?.uri == "/v1.44/containers/c1?force=1&v=1")
            let asked = try #require(heard.first { $0.uri.contains("/create") })
            let body = try JSONTree(parsing: asked.body.utf8)
            let devices = try #require(body["HostConfig"]?["DeviceRequests"]?.elements?.first)
            #expect(devices["Driver"] == "" && devices["Count"] == .int(2) && devices["Capabilities"]?.text == #"[["gpu"]]"#)
            #expect(body["Image"] == "r.example.com:5000/team/worker")
        }
    }

    @Test func oneThatRunsAlreadyIsTakenOverAndOthersAreRemoved() async throws {
        let order = order()
        guard case .container(let container) = order.source else { return }
        let digest = ContainerForm.digest(of: container)
        func listed(_ id: String, _ state: String, _ digest: String) -> String {
            #"{"Id":"\#(id)","State":"\#(state)","Labels":{"sluice.owner":"https://o:1","sluice.runner":"w","sluice.order":"\#(digest)"}}"#
        }
        let list =
            "["
            + [listed("old", "running", "0"), listed("ended", "exited", digest), listed("mine", "running", digest)].joined(separator: ",")
            + "]"
        try await ScriptedEngine.running { call in
            switch call.uri {
            case "/version": Self.version
            case _ where call.uri.hasPrefix("/v1.44/containers/json"): .init(pieces: [list])
            case "/v1.44/containers/mine/json":
                .init(pieces: [
                    #"{"Id":"mine","Config":{"Labels":{"sluice.port":"8000"}},"NetworkSettings":{"Ports":{"8000/tcp":[{"HostPort":"4711"}]}}}"#
                ])
            default: .init(status: 204)
            }
        } _: { engine in
            #expect(try await host(engine.path).clear(keeping: [order]) == 2)
            let place = try await host(engine.path).launch(order, log: RunnerLog())
            #expect(place == RunnerPlace(id: "mine", url: "http://127.0.0.1:4711", isTakenOver: true))
            let removed = engine.heard.filter { $0.method == "DELETE" }.map(\.uri)
            #expect(Set(removed) == ["/v1.44/containers/old?force=1&v=1", "/v1.44/containers/ended?force=1&v=1"])
            let asked = try #require(engine.heard.first { $0.uri.contains("/containers/json") }?.uri.removingPercentEncoding)
            #expect(asked == #"/v1.44/containers/json?all=1&filters={"label":["sluice.owner=https://o:1"]}"#)
        }
    }

    @Test func anEngineThatGoesAwayIsWaitedForAndTheContainerLives() async throws {
        let waits = Atomic<Int>(0)
        try await ScriptedEngine.running { call in
            switch call.uri {
            case "/version": Self.version
            case "/v1.44/containers/c/wait?condition=not-running":
                waits.wrappingAdd(1, ordering: .relaxed).newValue == 1
                    ? .init(status: 500, pieces: [#"{"message":"shutting down"}"#]) : .init(pieces: ["{}"])
            case "/v1.44/containers/c/json":
                .init(pieces: [#"{"Id":"c","State":{"Running":false,"ExitCode":137,"OOMKilled":true}}"#])
            default: .init(status: 404)
            }
        } _: { engine in
            let exit = await host(engine.path).exit(of: RunnerPlace(id: "c", url: "")) { _ in }
            #expect(exit == .outOfMemory && waits.load(ordering: .relaxed) == 2)
        }
    }

    @Test func noEngineIsSaidSo() async throws {
        let none = await #expect(throws: RunnerFault.self) { try await host("/no/such.sock").clear(keeping: []) }
        #expect(none?.kind == .noEngine && none?.description.contains("install Docker or Podman, or set runners.engine") == true)
        let dead = FileManager.default.temporaryDirectory.appending(path: "dead-\(UUID().uuidString.prefix(8)).sock").path
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(unixDomainSocketPath: dead).get()
        try await server.close()
        // NIO leaves the file.
        if FileManager.default.fileExists(atPath: dead) {
            let fault = await #expect(throws: RunnerFault.self) { try await host(dead).clear(keeping: []) }
            #expect(fault?.description.contains("is it running?") == true)
            try FileManager.default.removeItem(atPath: dead)
        }
        try await ScriptedEngine.running { _ in
            .init(status: 404, pieces: ["what?"])
        } _: { engine in
            let fault = await #expect(throws: RunnerFault.self) { try await host(engine.path).clear(keeping: []) }
            #expect(fault?.description.contains("is no container engine") == true)
        }
    }

    @Test func anEngineThatHangsIsSaidTo() async throws {
        try await ScriptedEngine.running { call in
            switch call.uri {
            case "/version": Self.version
            // A pull that stops in the middle, and all else never answers at all.
            case _ where call.method == "GET" && call.uri.contains("/images/"): .init(status: 404, pieces: ["{}"])
            case _ where call.uri.contains("/images/create"): .init(pieces: [#"{"status":"Pulling"}"# + "\n"], hangs: true)
            default: .init(isSilent: true)
            }
        } _: { engine in
            let host = hasty(engine.path)
            let stuck = await #expect(throws: RunnerFault.self) { try await host.clear(keeping: []) }
            #expect(stuck?.kind == .engineHangs && stuck?.description.contains("hangs: no answer to GET /v1.44/containers/json") == true)
            let pull = await #expect(throws: RunnerFault.self) { try await host.prepare(order()) { _ in } }
            #expect(pull?.kind == .engineHangs && pull?.description.hasSuffix("has said nothing for 0.2 seconds") == true)
            try await Keeping.of([order()], containers: host) { keeping in
                let standing = try await keeping.until("w", "the reason is there") { $0.obstacle != nil }
                #expect(standing.obstacle?.contains("hangs") == true && standing.phase == .waiting)
            }
        }
        try await ScriptedEngine.running { _ in
            .init(isSilent: true)
        } _: { engine in
            let stuck = await #expect(throws: RunnerFault.self) { try await hasty(engine.path).clear(keeping: []) }
            #expect(stuck?.kind == .engineHangs && stuck?.description.hasSuffix("no answer to GET /version within 0.2 seconds") == true)
        }
    }

    @Test func whileAContainerIsWaitedForAnEngineThatHangsIsTold() async throws {
        let isStuck = Atomic<Bool>(true)
        try await ScriptedEngine.running { call in
            switch call.uri {
            case "/version": return Self.version
            case "/v1.44/containers/c/json":
                if isStuck.load(ordering: .relaxed) { return .init(isSilent: true) }
                return .init(pieces: [#"{"Id":"c","State":{"Running":true}}"#])
            default: return .init(isSilent: true)
            }
        } _: { engine in
            let (words, told) = AsyncStream.makeStream(of: String?.self)
            let host = hasty(engine.path)
            let waiting = Task { await host.exit(of: RunnerPlace(id: "c", url: "")) { told.yield($0) } }
            var heard = words.makeAsyncIterator()
            let first = try #require(await heard.next())
            #expect(first?.contains("hangs: no answer to GET /v1.44/containers/c/json") == true)
            isStuck.store(false, ordering: .relaxed)
            while let next = await heard.next(), next != nil {}
            waiting.cancel()
            #expect(await waiting.value == .gone)
        }
    }

    @Test func podmanIsWaitedForInItsOwnWords() async throws {
        try await ScriptedEngine.running { call in
            switch call.uri {
            case "/version": .init(pieces: [#"{"ApiVersion":"1.41","Components":[{"Name":"Podman Engine","Version":"4.3.1"}]}"#])
            case "/libpod/containers/c/wait?condition=stopped&condition=exited&interval=250ms": .init(pieces: ["3"])
            case "/v1.41/containers/c/json": .init(pieces: [#"{"Id":"c","State":{"Running":false,"ExitCode":3}}"#])
            default: .init(status: 500)
            }
        } _: { engine in
            #expect(await host(engine.path).exit(of: RunnerPlace(id: "c", url: "")) { _ in } == .code(3))
        }
    }

    @Test func registriesAreAskedWithTheLoginTheyHave() async throws {
        let asked = Mutex<[String]>([])
        try await ScriptedEngine.running { call in
            if call.uri == "/version" { return Self.version }
            if call.method == "GET" { return .init(status: 404, pieces: [#"{"message":"No such image"}"#]) }
            return .init(status: 500, pieces: [#"{"message":"unauthorized: authentication required"}"#])
        } _: { engine in
            let host = ContainerHost(
                path: engine.path, owner: "o", address: "a",
                login: { registry throws(RunnerFault) in
                    asked.withLock { $0.append(registry) }
                    return RegistryLogin(registry: registry, user: "reader", password: "s3cret?>")
                }, group: MultiThreadedEventLoopGroup.singleton, logger: TestServer.quiet)
            let fault = await #expect(throws: RunnerFault.self) { try await host.prepare(order()) { _ in } }
            #expect(
                fault?.description == "the registry does not give the image 'r.example.com:5000/team/worker' to this machine: "
                    + "'unauthorized: authentication required'. It was asked as 'reader'")
            #expect(asked.withLock { $0 } == ["r.example.com:5000"])
            let heard = engine.heard
            let header = try #require(heard.last?.login)
            let plain = header.replacing("-", with: "+").replacing("_", with: "/")
            let json = try JSONTree(parsing: try #require(Data(base64Encoded: plain)))
            #expect(json["username"] == "reader" && json["password"] == "s3cret?>" && json["serveraddress"] == "r.example.com:5000")
            #expect(heard.dropLast().allSatisfy { $0.login == nil }, "it goes nowhere else")
        }
    }

    @Test func runnersWithoutAnEngineAreShownWithTheReason() async throws {
        try await Keeping.of([order()], containers: host("/no/such.sock")) { keeping in
            let standing = try await keeping.until("w", "the reason is there") { $0.obstacle != nil }
            #expect(standing.phase == .waiting && standing.obstacle?.contains("/no/such.sock") == true)
        }
    }
}

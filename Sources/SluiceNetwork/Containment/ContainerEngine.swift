import Foundation
import HTTPTypes
import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

/// The calls of a container engine that we need.
final class ContainerEngine: Sendable {
    private static let longestAnswer = 8 << 20
    /// Of one line that tells of a pull.
    private static let longestLine = 64 << 10
    /// How long an engine may take before it is said to hang.
    struct Times: Sendable {
        /// For calls that look.
        var look: Duration = .seconds(10)
        /// For calls that do something small.
        var call: Duration = .seconds(30)
        /// A pull that says nothing for so long is stuck.
        var pullSilence: Duration = .seconds(300)
        /// Between two looks at a container beside waiting for its end: an engine that hangs is found out by them.
        var watch: Duration = .seconds(5)
    }

    /// What it understands.
    private struct Speech {
        /// Of the paths of Docker's API.
        var prefix: String
        var isPodman: Bool
    }

    private let socket: EngineSocket
    let times: Times
    private let known = Mutex<Speech?>(nil)

    init(path: String, times: Times = Times(), group: any EventLoopGroup) {
        socket = EngineSocket(path: path, group: group)
        self.times = times
    }

    // MARK: Calls

    private func speech() async throws -> Speech {
        if let known = known.withLock({ $0 }) { return known }
        let (status, json) = try await plain(.get, "/version", within: times.look)
        guard status == 200, let json else {
            throw RunnerFault(.noEngine, "what answers at '\(socket.path)' is no container engine: status \(status)")
        }
        let found = Speech(prefix: "/v\(ContainerForm.version(json))", isPodman: ContainerForm.isPodman(json))
        known.withLock { $0 = found }
        return found
    }

    private func prefix() async throws -> String { try await speech().prefix }

    private func plain(
        _ method: HTTPRequest.Method, _ path: String, body: JSONTree? = nil, within limit: Duration?
    ) async throws -> (Int, JSONTree?) {
        let socket = socket
        @Sendable func ask() async throws -> (Int, JSONTree?) {
            try await socket.exchange(method, path, body: body) { status, body in
                // These have none, and the engine may keep the connection.
                if status == 204 || status == 304 { return (status, nil) }
                let bytes = try await body.collect(upTo: Self.longestAnswer)
                return (status, bytes.readableBytes == 0 ? nil : try? JSONTree(parsing: bytes.readableBytesView))
            }
        }
        guard let limit else { return try await ask() }
        do { return try await SluiceNetwork.within(limit, of: path) { try await ask() } } catch let failure as SegmentFailure
            where failure.reason == .timedOut
        {
            throw RunnerFault(
                .engineHangs,
                "the container engine at '\(socket.path)' hangs: no answer to \(method) \(path.prefix { $0 != "?" }) within \(limit)")
        }
    }

    /// - Throws: `RunnerFault` for every answer but those that are fine.
    private func call(
        _ method: HTTPRequest.Method, _ path: String, body: JSONTree? = nil, doing: String, fine: Set<Int>, order: ContainerOrder? = nil,
        within limit: Duration?
    ) async throws(RunnerFault) -> JSONTree {
        do {
            let (status, json) = try await plain(method, try await prefix() + path, body: body, within: limit)
            guard fine.contains(status) else { throw ContainerForm.fault(status, json, doing: doing, order) }
            return json ?? .null
        } catch let fault as RunnerFault { throw fault } catch { throw RunnerFault(.noEngine, "\(doing): \(error)") }
    }

    static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~"))) ?? ""
    }

    // MARK: Images

    func hasImage(_ order: ContainerOrder) async throws(RunnerFault) -> Bool {
        do {
            let path = try await prefix() + "/images/\(Self.escaped(order.image))/json"
            let (status, json) = try await plain(.get, path, within: times.look)
            if status == 404 { return false }
            guard status == 200 else { throw ContainerForm.fault(status, json, doing: "looking for the image", order) }
            return true
        } catch let fault as RunnerFault { throw fault } catch { throw RunnerFault(.noEngine, "looking for the image: \(error)") }
    }

    /// - Parameters:
    ///   - login: what the image's registry is asked with.
    ///   - told: how far it is, in words.
    func pull(
        _ order: ContainerOrder, login: RegistryLogin?, told: @escaping @Sendable (String) -> Void
    ) async throws(RunnerFault) {
        do {
            let last = order.image.split(separator: "/").last ?? ""
            // Without a tag all of them would be fetched.
            let image = last.contains(":") || last.contains("@") ? order.image : order.image + ":latest"
            let path = try await prefix() + "/images/create?fromImage=\(Self.escaped(image))"
            try await socket.exchange(.post, path, login: login, silence: times.pullSilence) { status, body in
                guard status == 200 else {
                    let bytes = try await body.collect(upTo: Self.longestAnswer)
                    throw ContainerForm.refusedPull(status, try? JSONTree(parsing: bytes.readableBytesView), order, login)
                }
                var progress = PullProgress()
                var held = ByteBuffer()
                while let piece = try await body.next() {
                    held.writeImmutableBuffer(piece)
                    while let end = held.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                        let line = held.readSlice(length: end - held.readerIndex + 1)
                        if let line, let json = try? JSONTree(parsing: line.readableBytesView) { progress.take(json) }
                    }
                    guard held.readableBytes <= Self.longestLine else { throw HTTPBodyTooLarge(limit: Self.longestLine) }
                    held.discardReadBytes()
                    told(progress.words)
                }
                if let json = try? JSONTree(parsing: held.readableBytesView) { progress.take(json) }
                if let failure = progress.failure {
                    throw ContainerForm.refusedPull(500, .members(["message": .text(failure)]), order, login)
                }
            }
        } catch let fault as RunnerFault { throw fault } catch {
            throw RunnerFault(.noEngine, "fetching the image '\(order.image)': \(error)")
        }
    }

    // MARK: Containers

    /// - Parameter labels: those that it must have, with their values.
    func list(_ labels: [String: String]) async throws(RunnerFault) -> [ContainerForm.Listed] {
        let filter = JSONTree.members(["label": .list(labels.map { .text("\($0.key)=\($0.value)") })]).text
        return ContainerForm.listed(
            try await call(
                .get, "/containers/json?all=1&filters=\(Self.escaped(filter))", doing: "looking for containers", fine: [200],
                within: times.look))
    }

    /// - Returns: its identifier.
    func create(_ body: JSONTree, name: String, order: ContainerOrder) async throws(RunnerFault) -> String {
        let answer = try await call(
            .post, "/containers/create?name=\(Self.escaped(name))", body: body, doing: "making the container", fine: [201], order: order,
            within: times.call)
        guard let id = answer["Id"]?.string else {
            throw RunnerFault(.other, "the container engine made a container without an identifier")
        }
        return id
    }

    func start(_ id: String, order: ContainerOrder) async throws(RunnerFault) {
        _ = try await call(
            .post, "/containers/\(id)/start", doing: "starting the container", fine: [200, 204, 304], order: order,
            within: times.call)
    }

    /// - Returns: `nil` when it is not there.
    func inspect(_ id: String) async throws(RunnerFault) -> JSONTree? {
        let answer = try await call(
            .get, "/containers/\(id)/json", doing: "looking at the container", fine: [200, 404], within: times.look)
        return answer["Id"] == nil ? nil : answer
    }

    /// Returns when it has ended, or is not there: however long that takes.
    func wait(_ id: String) async throws(RunnerFault) {
        do {
            let speech = try await speech()
            // What Podman has for Docker's clients looks without a pause, and takes a whole core for each that waits.
            let path =
                speech.isPodman
                ? "/libpod/containers/\(id)/wait?condition=stopped&condition=exited&interval=250ms"
                : speech.prefix + "/containers/\(id)/wait?condition=not-running"
            let (status, json) = try await plain(.post, path, within: nil)
            guard [200, 404].contains(status) else { throw ContainerForm.fault(status, json, doing: "waiting for the container", nil) }
        } catch let fault as RunnerFault { throw fault } catch { throw RunnerFault(.noEngine, "waiting for the container: \(error)") }
    }

    func kill(_ id: String, signal: String) async throws(RunnerFault) {
        // 409: it does not run.
        _ = try await call(
            .post, "/containers/\(id)/kill?signal=\(signal)", doing: "ending the container", fine: [200, 204, 404, 409],
            within: times.call)
    }

    func remove(_ id: String) async throws(RunnerFault) {
        // 409: it is being removed already.
        _ = try await call(
            .delete, "/containers/\(id)?force=1&v=1", doing: "removing the container", fine: [200, 204, 404, 409], within: times.call)
    }

    /// What it writes, and has written lately, until it ends.
    ///
    /// - Parameter since: Unix seconds, of what was read before; `nil` for the last lines of whatever it wrote.
    /// - Returns: whether it is there.
    func follow(_ id: String, since: Int64?, into log: RunnerLog) async throws -> Bool {
        let from = since.map { "since=\($0)" } ?? "tail=200"
        let path = try await prefix() + "/containers/\(id)/logs?follow=1&stdout=1&stderr=1&\(from)"
        return try await socket.exchange(.get, path) { status, body in
            guard status == 200 else { return false }
            var frames = ContainerLogFrames()
            while let piece = try await body.next() { log.write(try frames.take(piece).readableBytesView) }
            return true
        }
    }
}

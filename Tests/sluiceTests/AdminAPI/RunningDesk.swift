import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SluiceNetwork
import SluiceTesting
import Testing

@testable import sluice

/// A whole gateway in the test's own process, on free ports of loopback, asked at its admin port.
struct RunningDesk {
    struct Answer {
        var status: Int
        var text: String
        var headers: HTTPFields

        /// What stands below `error`.
        var fault: [String: Any] { (object["error"] as? [String: Any]) ?? [:] }
        var object: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:]
        }
        var tag: String? { headers[.eTag] }
    }

    let admin: HTTPClientConnection
    let media: HTTPClientConnection
    let file: URL

    /// - Parameter settings: YAML without ports.
    static func serving(_ settings: String = "", _ body: @Sendable (RunningDesk) async throws -> Void) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-desk-\(UUID().uuidString).yaml")
        try Data(settings.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let ports = ["rtmp.port": "0", "http.port": "0", "admin.port": "0"]
        let assembly = try GatewayAssembly(try SettingsSource(file: file.path, flags: ports).load(), logger: logger)
        let bound = try await assembly.start()
        let group = ServiceGroup(services: assembly.services, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            func connection(_ port: Int) throws -> HTTPClientConnection {
                try HTTPClientConnection(
                    authority: HTTPAuthority(isSecure: false, host: "127.0.0.1", port: port), group: MultiThreadedEventLoopGroup.singleton)
            }
            let desk = RunningDesk(admin: try connection(bound.admin), media: try connection(bound.http), file: file)
            do { try await body(desk) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func ask(_ method: HTTPRequest.Method, _ path: String, _ body: String = "", _ fields: HTTPFields = [:]) async throws -> Answer {
        var fields = fields
        fields[.contentLength] = "\(body.utf8.count)"
        let head = HTTPRequest(method: method, scheme: "http", authority: admin.authority.name, path: path, headerFields: fields)
        return try await admin.exchange(head, body: ByteBuffer(string: body)) { answer, body in
            Answer(
                status: answer.status.code, text: String(buffer: try await body.collect(upTo: 8 << 20)), headers: answer.headerFields)
        }
    }

    func get(_ path: String, _ fields: HTTPFields = [:]) async throws -> Answer { try await ask(.get, path, "", fields) }

    /// Pushes a segment of two seconds; up to the third they follow one another.
    func push(_ stream: String, _ sequence: Int = 0) async throws -> Int {
        let bytes = try Fixture.bytes("media/av360p-3segments-\(sequence % 3).ts")
        let head = HTTPRequest(
            method: .post, scheme: "http", authority: media.authority.name, path: "/live/\(stream)/\(sequence).ts",
            headerFields: [.contentLength: "\(bytes.readableBytes)"])
        return try await media.exchange(head, body: bytes) { answer, body in
            _ = try await body.collect(upTo: 8 << 20)
            return answer.status.code
        }
    }

    /// The same, with what is said to it.
    func push(_ stream: String, _ sequence: Int, token: String?, _ configuration: String? = nil) async throws -> Answer {
        let bytes = try Fixture.bytes("media/av360p-3segments-\(sequence % 3).ts")
        var fields: HTTPFields = [.contentLength: "\(bytes.readableBytes)"]
        if let token { fields[.authorization] = "Bearer \(token)" }
        if let configuration, let name = HTTPField.Name("Livepeer-Transcode-Configuration") { fields[name] = configuration }
        return try await media(.post, "/live/\(stream)/\(sequence).ts", fields, bytes)
    }

    /// At the port of publishers and viewers.
    func media(_ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:], _ body: ByteBuffer? = nil) async throws -> Answer {
        let head = HTTPRequest(method: method, scheme: "http", authority: media.authority.name, path: path, headerFields: fields)
        return try await media.exchange(head, body: body) { answer, body in
            let bytes = try await body.collect(upTo: 8 << 20)
            return Answer(
                status: answer.status.code, text: String(decoding: bytes.readableBytesView, as: UTF8.self), headers: answer.headerFields)
        }
    }

    /// The first lines of a stream of events, until `isEnough`.
    func events(_ query: String = "", _ fields: HTTPFields = [:], until isEnough: @escaping @Sendable (String) -> Bool) async throws
        -> String
    {
        let head = HTTPRequest(
            method: .get, scheme: "http", authority: admin.authority.name, path: "/api/v1/events\(query)", headerFields: fields)
        return try await admin.exchange(head) { _, body in
            var text = ""
            while let piece = try await body.next() {
                text += String(buffer: piece)
                if isEnough(text) { break }
            }
            return text
        }
    }

    func write(_ settings: String) throws { try Data(settings.utf8).write(to: file, options: .atomic) }
}

/// Asks again and again until it is so.
func soon(_ what: String, _ isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("\(what): not within 20 s")
}

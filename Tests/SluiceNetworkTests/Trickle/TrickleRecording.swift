import Foundation
import NIOCore
import SluiceWire

@testable import SluiceNetwork

/// Recorded exchanges with the reference's server, in `Fixtures/wire`.
enum TrickleRecording {
    struct Exchange: Sendable {
        var name: String
        var autocreate: Bool
        var client: [String]
        var server: String
        var closes: Bool
    }

    static func text(_ file: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL
        return String(decoding: try Data(contentsOf: root.appending(path: "Fixtures/wire/\(file)")), as: UTF8.self)
    }

    static func raw() throws -> [Exchange] {
        let json = try JSONSerialization.jsonObject(with: Data(text("trickle-raw.json").utf8)) as? [[String: Any]] ?? []
        return json.map { one in
            let said = (one["exchange"] as? [[Any]] ?? []).map { (who: $0[1] as? String ?? "", text: $0[2] as? String ?? "") }
            let server = said.filter { $0.who == "server" }.map(\.text)
            return Exchange(
                name: one["name"] as? String ?? "", autocreate: one["server_autocreate"] as? Bool ?? false,
                client: said.filter { $0.who == "client" }.map(\.text),
                server: server.filter { $0 != "[connection closed]" }.joined(), closes: server.last == "[connection closed]")
        }
    }

    /// What the other end was told, parsed as ours is.
    static func answer(_ text: String, isHead: Bool = false) -> RawTrickle.Answer {
        var answer = RawTrickle.Answer()
        var rest = text.replacing("\r\n", with: "\n")[...]
        repeat {
            guard let end = rest.range(of: "\n\n") else { break }
            let lines = rest[..<end.lowerBound].split(separator: "\n")
            rest = rest[end.upperBound...]
            answer.status = lines.first.map(String.init) ?? ""
            answer.headers = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                answer.headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
            }
        } while answer.status.hasPrefix("HTTP/1.1 1")
        if answer["transfer-encoding"] == "chunked", !isHead {
            while let end = rest.firstIndex(of: "\n"), let size = Int(rest[..<end], radix: 16), size > 0 {
                let body = rest[rest.index(after: end)...]
                answer.body += body.prefix(size)
                rest = body.dropFirst(size + 1)
            }
        } else {
            answer.body = String(rest)
        }
        return answer
    }

    /// A request of a client that was recorded on its way through a proxy, with the answer it got.
    struct Request: Sendable {
        var method: String
        var path: String
        var head: String
        var answer: RawTrickle.Answer?
    }

    /// The bodies are not in the recording.
    static func requests(in file: String) throws -> [Request] {
        try text(file).components(separatedBy: "##### connection").dropFirst().flatMap { connection in
            let reads = connection.components(separatedBy: "\n--- ").dropFirst()
            func heads(_ who: String, _ isFirst: (Substring) -> Bool) -> [String] {
                let lines = reads.filter { $0.hasPrefix(who) }.joined(separator: "\n").split(
                    separator: "\n", omittingEmptySubsequences: false)
                return lines.indices.filter { isFirst(lines[$0]) }
                    .map { lines[$0...].prefix { !$0.isEmpty }.joined(separator: "\r\n") + "\r\n\r\n" }
            }
            let requests = heads("client") { $0.hasSuffix(" HTTP/1.1") }
            let answers = heads("server") { $0.hasPrefix("HTTP/1.1 ") }
            return requests.enumerated().map { place, head in
                let words = head.split(separator: " ")
                return Request(
                    method: String(words[0]), path: String(words[1]), head: head,
                    answer: place < answers.count ? answer(answers[place]) : nil)
            }
        }
    }
}

extension TrickleDoor {
    /// Brings the channel to where it was then, and asks.
    func answer(to request: TrickleRecording.Request, as recorded: RawTrickle.Answer) async throws -> RawTrickle.Answer {
        let parts = request.path.split(separator: "/").dropFirst(2).map(String.init)
        let name = parts[0]
        guard recorded.code == 200, parts.count == 2, request.method != "DELETE" else {
            if recorded.code == 200 { try table.create(name, contentType: "") }
            return try await RawTrickle.ask(port, request.head)
        }
        try table.create(name, contentType: recorded["content-type"] ?? "application/json")
        let isClosed = recorded["lp-trickle-closed"] != nil
        return try await RawTrickle.connected(to: port) { raw in
            if request.method == "POST" {
                try await raw.say(request.head)
                if isClosed {
                    try await writers(1, of: name)
                    table.close(name)
                } else {
                    try await raw.say(chunk: "of any bytes")
                    try await raw.endBody()
                }
            } else {
                let sequence = recorded["lp-trickle-seq"].flatMap { Int64($0) } ?? 0
                if sequence > 0 { try write("before", to: sequence - 1, of: name) }
                try await raw.say(request.head)
                try await readers(1, of: name)
                if isClosed { table.close(name) } else { try write("of any bytes", to: sequence, of: name) }
            }
            return try await raw.answer()
        }
    }

    func write(_ text: String, to sequence: Int64, of name: String) throws {
        let relay = try relay(name)
        guard case .segment(let segment) = relay.open(sequence, resets: false) else { return }
        _ = relay.append(ByteBuffer(string: text), to: segment)
        _ = relay.finish(segment)
    }
}

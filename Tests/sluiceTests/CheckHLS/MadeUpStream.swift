import HTTPTypes
import NIOCore
import SluiceNetwork
import Synchronization

/// A low-latency stream that moves on by a part whenever somebody waits for one, and ends after a while. Segments of 2 s, 5 parts each.
final class MadeUpStream: HTTPResponder {
    enum Fault: Sendable {
        case none, movesPartTarget, answersEarly, acceptsBadQueries, hintsAnother, wrongSegment, forgetsRanges
    }

    private static let partsPerSegment = 5
    private static let firstSequence = 100
    private static let window = 7
    private static let lastSequence = 120

    private let fault: Fault
    /// Parts there are, counted from the first segment.
    private let count = Mutex(window * partsPerSegment + 2)

    init(_ fault: Fault = .none) { self.fault = fault }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let halves = (request.head.path ?? "").split(separator: "?", maxSplits: 1)
        let name = halves[0].split(separator: "/").last.map(String.init) ?? ""
        if name == "source.m3u8" { return try await playlist(halves.count > 1 ? String(halves[1]) : "", request, writer) }
        guard let bytes = media(name) else { return try await writer.send(.notFound, headers: [.cacheControl: "no-store"]) }
        let text = request.head.headerFields[.range]?.dropFirst("bytes=".count).split(separator: "-") ?? []
        guard fault != .forgetsRanges, let first = text.first.flatMap({ Int($0) }) else {
            return try await writer.send(.ok, headers: [.cacheControl: "max-age=3600"], body: bytes)
        }
        guard first < bytes.readableBytes, text.count == 2, let last = Int(text[1]) else {
            return try await writer.send(.rangeNotSatisfiable)
        }
        let headers: HTTPFields = [.cacheControl: "max-age=3600", .contentRange: "bytes \(first)-\(last)/\(bytes.readableBytes)"]
        try await writer.send(.partialContent, headers: headers, body: bytes.getSlice(at: first, length: last - first + 1))
    }

    private func playlist(_ query: String, _ request: HTTPServerRequest, _ writer: HTTPResponseWriter) async throws {
        var wishes: [Substring: Int] = [:]
        var isBad = false
        for pair in query.split(separator: "&") where pair.hasPrefix("_HLS_msn=") || pair.hasPrefix("_HLS_part=") {
            let halves = pair.split(separator: "=")
            let number = halves.count == 2 ? Int(halves[1]) : nil
            wishes[halves[0]] = number
            isBad = isBad || number.map { $0 < 0 } ?? true
        }
        let sequence = wishes["_HLS_msn"]
        let part = wishes["_HLS_part"]
        let wanted = sequence.map { ($0 - Self.firstSequence) * Self.partsPerSegment + (part ?? 0) + 1 }
        isBad = isBad || (part != nil && sequence == nil) || wanted.map { $0 > count.withLock { $0 } + 10 } ?? false
        if isBad, fault != .acceptsBadQueries { return try await writer.send(.badRequest) }
        let now = count.withLock { count in
            if let wanted, wanted > count, fault != .answersEarly { count = min(wanted, Self.end) }
            return count
        }
        // An early answer shows the stream as it was; it moves on behind it.
        if fault == .answersEarly, let wanted { count.withLock { $0 = max($0, min(wanted, Self.end)) } }
        var headers: HTTPFields = [.contentType: "application/vnd.apple.mpegurl", .cacheControl: "max-age=1"]
        if request.head.headerFields[.acceptEncoding] != nil { headers[.contentEncoding] = "gzip" }
        try await writer.send(.ok, headers: headers, body: ByteBuffer(string: text(now, skips: query.contains("_HLS_skip=YES"))))
    }

    private static var end: Int { (lastSequence - firstSequence) * partsPerSegment }

    private func text(_ count: Int, skips: Bool) -> String {
        let open = count / Self.partsPerSegment
        let target = fault == .movesPartTarget && count % 2 == 0 ? "0.41" : "0.4"
        var text = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n"
        text += "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.3,CAN-SKIP-UNTIL=12.0\n#EXT-X-PART-INF:PART-TARGET=\(target)\n"
        text += "#EXT-X-MEDIA-SEQUENCE:\(Self.firstSequence + open - Self.window)\n"
        // Six segments make the twelve seconds that must stay.
        let first = open - Self.window + (skips ? 1 : 0)
        text += skips ? "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n" : "#EXT-X-MAP:URI=\"init-0.mp4\"\n"
        text += "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:\(10 + first * 2 / 60):\(10 + first * 2 % 50).000Z\n"
        for segment in first..<open {
            if open - segment <= 3 { for part in 0..<Self.partsPerSegment { text += line(segment, part) } }
            text += "#EXTINF:2.00000,\nsegment-\(segment).m4s\n"
        }
        guard count < Self.end else { return text + "#EXT-X-ENDLIST\n" }
        for part in 0..<count % Self.partsPerSegment { text += line(open, part) }
        return text + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part-\(fault == .hintsAnother ? count + 1 : count).m4s\"\n"
    }

    private func line(_ segment: Int, _ part: Int) -> String {
        let number = segment * Self.partsPerSegment + part
        return "#EXT-X-PART:DURATION=0.40000,URI=\"part-\(number).m4s\"\(part == 0 ? ",INDEPENDENT=YES" : "")\n"
    }

    private func media(_ name: String) -> ByteBuffer? {
        let halves = name.prefix { $0 != "." }.split(separator: "-")
        guard halves.count == 2, let number = Int(halves[1]), number < 1_000_000 else { return nil }
        func part(_ number: Int) -> String { String(repeating: "part \(number) ", count: 10) }
        switch halves[0] {
        case "init": return ByteBuffer(string: "init")
        case "part": return ByteBuffer(string: part(number))
        default:
            let parts = (0..<Self.partsPerSegment).map { part(number * Self.partsPerSegment + $0) }
            return ByteBuffer(string: parts.joined() + (fault == .wrongSegment ? "more" : ""))
        }
    }
}

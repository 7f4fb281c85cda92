/// Rules of single HTTP answers.
package enum AnswerRules {
    /// What the rules look at in an answer.
    package struct Answer: Hashable, Sendable {
        package var status: Int
        /// By name in lower case.
        package var headers: [String: String]
        package var isHTTP2: Bool
        package var isSecure: Bool
        package var length: Int

        package init(status: Int, headers: [String: String] = [:], isHTTP2: Bool = false, isSecure: Bool = false, length: Int = 0) {
            self.status = status
            self.headers = headers
            self.isHTTP2 = isHTTP2
            self.isSecure = isSecure
            self.length = length
        }

        /// Seconds for which anybody may keep it: 0 when nobody may, `nil` when nothing is said.
        package var cacheAge: Int? {
            guard let text = headers["cache-control"]?.lowercased() else { return nil }
            let directives = text.split(separator: ",").map { $0.drop { $0 == " " } }
            if directives.contains(where: { ["no-store", "no-cache", "private"].contains($0) }) { return 0 }
            for name in ["s-maxage=", "max-age="] {
                if let found = directives.first(where: { $0.hasPrefix(name) }) { return Int(found.dropFirst(name.count)) }
            }
            return nil
        }

        fileprivate var cacheAgeText: String { cacheAge.map { "\($0)" } ?? "nobody knows how many" }
    }

    /// - Parameters:
    ///   - directives: whether the request named a segment or part: such an answer stays right.
    ///   - isLowLatency: whether the playlist has parts; only then are gzip and HTTP/2 asked for.
    package static func playlist(_ answer: Answer, directives: Bool, isLowLatency: Bool, targetDuration: Int) -> [HLSFinding] {
        var findings: [HLSFinding] = []
        let type = (answer.headers["content-type"] ?? "").lowercased().prefix { $0 != ";" }
        if !["application/vnd.apple.mpegurl", "audio/mpegurl", "application/x-mpegurl"].contains(type) {
            findings.append(.init(.playlistType, "a playlist of content type '\(type)'"))
        }
        if isLowLatency {
            if answer.headers["content-encoding"] != "gzip" {
                findings.append(.init(.playlistGzip, "a playlist without gzip, which was offered"))
            }
            if answer.isSecure, !answer.isHTTP2 { findings.append(.init(.http2OverTLS, "TLS without HTTP/2")) }
        }
        let most = directives ? 6 * targetDuration : max(1, targetDuration)
        switch answer.cacheAge {
        case nil: findings.append(.init(.playlistCaching, "a playlist without Cache-Control"))
        case .some(let age) where age > most:
            findings.append(.init(.playlistCaching, "a playlist that may be kept for \(age) s; \(most) s at most"))
        default: break
        }
        return findings
    }

    package static func media(_ answer: Answer, name: String, targetDuration: Int) -> [HLSFinding] {
        guard answer.status == 200 || answer.status == 206 else {
            return [.init(.mediaThere, "'\(name)' stands in the playlist and was answered with \(answer.status)")]
        }
        guard let age = answer.cacheAge, age >= 6 * targetDuration else {
            let what = "'\(name)' never changes and may be kept for \(answer.cacheAgeText) s; six target durations at least are right"
            return [.init(.mediaCaching, what)]
        }
        return []
    }

    /// - Parameter answer: to a request for something that never was.
    package static func missing(_ answer: Answer, targetDuration: Int) -> [HLSFinding] {
        guard answer.status == 404, let age = answer.cacheAge, age <= targetDuration else {
            let what = "what is not there was answered with \(answer.status), to be kept for \(answer.cacheAgeText) s"
            return [.init(.errorCaching, "\(what); 404 and at most \(targetDuration) s are right")]
        }
        return []
    }

    /// - Parameter size: of the whole.
    package static func range(_ answer: Answer, first: Int, last: Int, size: Int, name: String) -> [HLSFinding] {
        let wanted = "bytes \(first)-\(last)/\(size)"
        guard answer.status == 206, answer.length == last - first + 1, answer.headers["content-range"] == wanted else {
            let answered = "\(answer.status), \(answer.length) bytes, '\(answer.headers["content-range"] ?? "")'"
            return [.init(.rangeHonoured, "bytes \(first)-\(last) of '\(name)' were answered with \(answered)")]
        }
        return []
    }

    package static func outside(_ answer: Answer, name: String) -> [HLSFinding] {
        answer.status == 416 ? [] : [.init(.rangeOutsideRefused, "a range behind the end of '\(name)' was answered with \(answer.status)")]
    }
}

/// Rules of hinted parts and of the bytes behind the addresses.
package enum MediaRules {
    /// - Parameters:
    ///   - hinted: status and bytes of the request sent while the part did not exist yet.
    ///   - later: the bytes of the part once it stood in the playlist.
    package static func hint(_ name: String, hinted: (status: Int, bytes: [UInt8]), later: [UInt8]) -> [HLSFinding] {
        guard hinted.status == 200 || hinted.status == 206 else {
            return [.init(.hintAnswered, "the hinted '\(name)' was answered with \(hinted.status)")]
        }
        guard hinted.bytes == later else {
            return [.init(.hintIsThePart, "the hinted '\(name)' gave \(hinted.bytes.count) bytes, the part has \(later.count) or others")]
        }
        return []
    }

    package static func segment(_ name: String, segment: [UInt8], parts: [[UInt8]]) -> [HLSFinding] {
        guard segment.elementsEqual(parts.joined()) else {
            return [
                .init(
                    .segmentIsItsParts,
                    "'\(name)' has \(segment.count) bytes, its \(parts.count) parts \(parts.reduce(0) { $0 + $1.count }) or others")
            ]
        }
        return []
    }
}

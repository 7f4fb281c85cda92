import HTTPTypes
import NIOCore
import SluiceTypes

/// Why a push request is no push request; the text says what would be right.
struct PushRequestProblem: Error, CustomStringConvertible {
    let description: String
}

/// `/live/{stream}/{number}.ts|.mp4`; `/live/5.ts` names stream 5, segment 5, as in the reference (specs/gateway-surface §3.3).
struct PushTarget: Hashable {
    let stream: StreamID
    let sequence: SegmentSequence
    let container: SegmentContainer

    /// Half of what fits: a stream that begins again goes on behind what was there.
    private static let largestNumber = Int64.max / 2

    init(_ elements: [String]) throws(PushRequestProblem) {
        guard let file = elements.last, elements.count == 2 || elements.count == 3, let dot = file.lastIndex(of: ".") else {
            throw PushRequestProblem(description: "push to /live/{stream}/{number}.ts or .mp4")
        }
        let fileExtension = String(file[file.index(after: dot)...])
        guard let container = SegmentContainer(rawValue: fileExtension) else {
            throw PushRequestProblem(description: "'.\(fileExtension)' is no segment; send .ts or .mp4")
        }
        let stem = String(file[..<dot])
        guard let stream = StreamID(elements.count == 3 ? elements[1] : stem) else {
            throw PushRequestProblem(
                description: "a stream's name has letters, digits, '-', '_', '.' and '+', at most \(StreamID.longest) of them")
        }
        self.stream = stream
        // The reference reads a number it cannot parse as 0.
        let number = URLPath.number(stem[...]) ?? 0
        guard number <= Self.largestNumber else {
            throw PushRequestProblem(description: "the segment's number \(number) is over \(Self.largestNumber)")
        }
        sequence = SegmentSequence(number)
        self.container = container
    }
}

/// What the headers of a pushed segment say.
struct PushHeaders {
    private(set) var duration: Duration?
    private(set) var resolution: (width: Int, height: Int)?
    private(set) var profiles: [TranscodeProfile]?
    private(set) var slice: SegmentSlice?

    /// Longest segment the network takes (specs/transcoding-protocol §8).
    static let longestMilliseconds = 300_000

    init(_ fields: HTTPFields, _ parse: (ByteBuffer) throws -> [TranscodeProfile]?) throws(PushRequestProblem) {
        if let text = Self.value("Content-Duration", in: fields), let milliseconds = Int(text), milliseconds > 0 {
            guard milliseconds <= Self.longestMilliseconds else {
                throw PushRequestProblem(
                    description: "Content-Duration \(milliseconds) is over \(Self.longestMilliseconds) milliseconds")
            }
            duration = .milliseconds(milliseconds)
        }
        if let text = Self.value("Content-Resolution", in: fields) {
            let sides = text.split(separator: "x").compactMap { Int($0) }
            if sides.count == 2, sides[0] > 0, sides[1] > 0 { resolution = (sides[0], sides[1]) }
        }
        // As the reference reads them: what is no number counts as none.
        let from = Self.value("Content-Slice-From", in: fields).flatMap { Int($0) } ?? 0
        let to = Self.value("Content-Slice-To", in: fields).flatMap { Int($0) } ?? 0
        slice = SegmentSlice(fromMilliseconds: from, toMilliseconds: to)
        if slice?.isBackwards == true {
            throw PushRequestProblem(
                description: "Content-Slice-From \(from) is after Content-Slice-To \(to); both are milliseconds from the segment's start")
        }
        if let json = Self.value("Livepeer-Transcode-Configuration", in: fields) {
            do {
                profiles = try parse(ByteBuffer(string: json))
            } catch {
                throw PushRequestProblem(description: "Livepeer-Transcode-Configuration: \(error)")
            }
        }
    }

    private static func value(_ name: String, in fields: HTTPFields) -> String? {
        HTTPField.Name(name).flatMap { fields[$0] }
    }
}

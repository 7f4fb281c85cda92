import HTTPTypes
import NIOCore
import SluiceTypes

/// The renditions of a pushed segment as `multipart/mixed`, one part per profile (specs/gateway-surface §3.4). Begins with the
/// first part; each goes out at once.
struct MultipartAnswer {
    private let sequence: SegmentSequence
    private let writer: HTTPResponseWriter
    private let boundary = (0..<20).map { _ in String(UInt8.random(in: 0...15), radix: 16) }.joined()
    /// Parts sent.
    private(set) var count = 0

    init(sequence: SegmentSequence, writer: HTTPResponseWriter) {
        self.sequence = sequence
        self.writer = writer
    }

    mutating func send(_ rendition: PushedRendition) async throws {
        let isFirst = count == 0
        count += 1
        if isFirst { try await writer.begin(.ok, headers: [.contentType: "multipart/mixed; boundary=\(boundary)"]) }
        let container = rendition.profile.container
        let label = Self.headerText(rendition.profile.name)
        let name = "\(label)_\(sequence).\(container.rawValue)"
        let head = """
            \(isFirst ? "" : "\r\n")--\(boundary)\r
            Content-Disposition: attachment; filename="\(name)"\r
            Content-Length: \(rendition.bytes.readableBytes)\r
            Content-Type: \(container.contentType); name="\(name)"\r
            Rendition-Name: \(label)\r
            \r

            """
        try await writer.write(ByteBuffer(string: head))
        try await writer.write(rendition.bytes)
    }

    func finish() async throws {
        try await writer.write(ByteBuffer(string: "\r\n--\(boundary)--\r\n"))
        try await writer.finish()
    }

    /// Profile names come from outside: nothing in them may end a quoted string or a header line.
    private static func headerText(_ name: String) -> String {
        String(name.unicodeScalars.map { $0 == "\"" || $0 == "\\" || $0.value < 0x20 || $0.value == 0x7f ? "_" : Character($0) })
    }
}

import HTTPTypes
import NIOCore
import SluiceTypes

/// The renditions of a pushed segment as `multipart/mixed`, one part per profile (specs/gateway-surface §3.4).
enum MultipartAnswer {
    static func send(_ renditions: [PushedRendition], sequence: SegmentSequence, to writer: HTTPResponseWriter) async throws {
        let boundary = (0..<20).map { _ in String(UInt8.random(in: 0...15), radix: 16) }.joined()
        var body = ByteBuffer()
        body.reserveCapacity(renditions.reduce(256) { $0 + $1.bytes.readableBytes + 512 })
        for rendition in renditions { append(rendition, sequence, boundary, to: &body) }
        body.writeString("--\(boundary)--\r\n")
        try await writer.send(.ok, headers: [.contentType: "multipart/mixed; boundary=\(boundary)"], body: body)
    }

    private static func append(_ rendition: PushedRendition, _ sequence: SegmentSequence, _ boundary: String, to body: inout ByteBuffer) {
        let container = rendition.profile.container
        let label = headerText(rendition.profile.name)
        let name = "\(label)_\(sequence).\(container.rawValue)"
        body.writeString(
            """
            --\(boundary)\r
            Content-Disposition: attachment; filename="\(name)"\r
            Content-Length: \(rendition.bytes.readableBytes)\r
            Content-Type: \(container.contentType); name="\(name)"\r
            Rendition-Name: \(label)\r
            \r

            """)
        body.writeImmutableBuffer(rendition.bytes)
        body.writeString("\r\n")
    }

    /// Profile names come from outside: nothing in them may end a quoted string or a header line.
    private static func headerText(_ name: String) -> String {
        String(name.unicodeScalars.map { $0 == "\"" || $0 == "\\" || $0.value < 0x20 || $0.value == 0x7f ? "_" : Character($0) })
    }
}

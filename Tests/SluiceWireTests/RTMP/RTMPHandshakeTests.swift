import NIOCore
import Testing

@testable import SluiceWire

/// Vectors made with Python's `hmac` from patterns both sides know; FFmpeg as a viewer checks the rest (RTMPListenerTests).
@Suite struct RTMPHandshakeTests {
    private static let random = (0..<RTMPHandshake.randomCount).map { UInt8(truncatingIfNeeded: $0 * 13 + 5) }

    /// C1 as Flash 9.0.124.2 would send it, with `digest` at `place`.
    private static func first(_ digest: String, at place: Int) -> [UInt8] {
        var block = (0..<1536).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
        block.replaceSubrange(0..<8, with: [0, 0, 0, 1, 9, 0, 124, 2])
        block.replaceSubrange(place..<place + 32, with: bytes(digest))
        return block
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }

    struct Vector: CustomTestStringConvertible {
        var testDescription: String
        var digest: String
        var place: Int
        var answeredDigest: String
        var answeredPlace: Int
        var signature: String
    }

    @Test(arguments: [
        Vector(
            testDescription: "key first", digest: "80c960b3a7572ef18d0c1c35123e34cda366d7e63925dc9960c3c674da15b0c3", place: 942,
            answeredDigest: "e70fc70e541a4575904ab7e81757ec5627640226f6edda9462124642f6452bc9", answeredPlace: 962,
            signature: "e19895e4084668fcf3d1abcf20241fdf8305aa582e1feb7c5da23ed19ae92add"),
        Vector(
            testDescription: "digest first", digest: "d6f5ac32598d8dd4c4e3d2a67130c9dc4d2b8a0e807e3ab7bab23892ef15b0e4", place: 290,
            answeredDigest: "64ba0c45a88d8cab3a4fce193cfdd4e489727b2dea8212d1dbd49551c817c2c9", answeredPlace: 110,
            signature: "59e5eb52772778833d64170f96188472a8c8693b14c657bf4c536798795ebd89"),
    ])
    func `a digest is answered with digests in the same order`(vector: Vector) {
        let answer = RTMPHandshake.answer(to: Self.first(vector.digest, at: vector.place), random: Self.random)
        #expect(answer.count == 3073)
        #expect(Array(answer[0..<9]) == [3, 0, 0, 0, 0, 4, 5, 0, 1])
        let digest = 1 + vector.answeredPlace
        #expect(Array(answer[digest..<digest + 32]) == Self.bytes(vector.answeredDigest))
        #expect(Array(answer[9..<digest]) == Array(Self.random[..<(digest - 9)]))
        #expect(Array(answer[1537..<3041]) == Array(Self.random[1528...]))
        #expect(Array(answer[3041...]) == Self.bytes(vector.signature))
    }

    enum Plain: CaseIterable {
        case noVersion, wrongDigest, noDigest

        var first: [UInt8] {
            switch self {
            case .noVersion: [0, 0, 0, 1, 0, 0, 0, 0] + [UInt8](repeating: 9, count: 1528)
            case .wrongDigest: RTMPHandshakeTests.first(String(repeating: "ab", count: 32), at: 942)
            case .noDigest: [UInt8](repeating: 255, count: 1536)
            }
        }
    }

    @Test(arguments: Plain.allCases) func `a plain one is answered plainly, with its own bytes`(_ plain: Plain) {
        let first = plain.first
        let answer = RTMPHandshake.answer(to: first, random: Self.random)
        #expect(Array(answer[0..<9]) == [3, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(answer[1537...]) == first)
    }

    @Test func `a session answers a digest and goes on after any second block`() throws {
        var session = RTMPServerSession()
        var bytes = ByteBuffer(bytes: [3] + Self.first("80c960b3a7572ef18d0c1c35123e34cda366d7e63925dc9960c3c674da15b0c3", at: 942))
        try session.receive(&bytes) { _ in }
        #expect(session.output.readableBytes == 3073)
        #expect(session.output.getInteger(at: 5, as: UInt8.self) == 4)
        #expect(!session.isHandshaken)
        bytes = ByteBuffer(repeating: 1, count: 1536)
        try session.receive(&bytes) { _ in }
        #expect(session.isHandshaken)
    }
}

import NIOCore
import SluiceTypes
import Testing

/// Here, beside the segmenter that hashes while it writes.
@Suite struct Keccak256Tests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// specs/transcoding-protocol A.4, and Ethereum's hash of nothing.
    @Test(arguments: [
        ("hello livepeer", "b2363c1a0816be5ac205943ece58044b9b90102ff5176c71c403d242290ef162"),
        ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    ])
    func knownAnswers(text: String, answer: String) {
        #expect(hex(Keccak256.hash(ByteBuffer(string: text))) == answer)
    }

    @Test(arguments: [1, 7, 135, 136, 137, 1000])
    func piecesMakeTheWhole(size: Int) {
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hash = Keccak256()
        var rest = bytes[...]
        while !rest.isEmpty {
            Array(rest.prefix(size)).withUnsafeBytes { hash.update($0) }
            rest = rest.dropFirst(size)
        }
        #expect(hash.finalize() == Keccak256.hash(bytes))
    }
}

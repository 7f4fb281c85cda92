import NIOCore
import SluiceTypes
import SluiceWire

/// The source's packets that may still be needed beside a worker's: its sound, which goes with pictures that come later, and its pictures
/// from the last key frame before what is shown, to go on from there.
struct SourceShelf {
    /// Of what a worker may be behind; past it the oldest go.
    private static let largest = 32 << 20
    private static let most = 6000
    /// Sound so long before what is shown is not asked for any more.
    private static let soundTime = MediaTime(milliseconds: 2000)

    private(set) var line: OutputLine
    private let keepsPictures: Bool
    private var pictures: [EncodedPacket] = []
    private var size = 0
    private var sounds: [EncodedPacket] = []
    /// Of `pictures`: those before it were given out.
    private var place = 0

    init(takesSound: Bool, keepsPictures: Bool) {
        line = OutputLine(takesSound: takesSound)
        self.keepsPictures = keepsPictures
    }

    var newest: MediaTime? { line.newest }

    mutating func begin(near: MediaTime) { line.begin(near: near) }

    /// - Parameter shownTo: how far viewers are.
    mutating func take(_ bytes: ByteBuffer?, shownTo: MediaTime?) throws {
        for packet in try line.take(bytes, near: nil) {
            line.keep(packet)
            if packet.track == .audio {
                sounds.append(packet)
                if sounds.count > Self.most { sounds.removeFirst() }
            } else if keepsPictures {
                pictures.append(packet)
                size += packet.payload.readableBytes
            }
        }
        if let shownTo, let end = sounds.firstIndex(where: { $0.pts > shownTo - Self.soundTime }) { sounds.removeFirst(end) }
        trim(shownTo)
    }

    private mutating func trim(_ shownTo: MediaTime?) {
        guard keepsPictures else { return }
        // Up to the last key frame that is not after what was shown: all that may still be gone on from.
        while let next = pictures.dropFirst().firstIndex(where: \.isKey),
            shownTo.map({ pictures[next].pts <= $0 }) ?? true || size > Self.largest || pictures.count > Self.most
        {
            size -= pictures[..<next].reduce(0) { $0 + $1.payload.readableBytes }
            pictures.removeFirst(next)
            place = max(0, place - next)
        }
        if size > Self.largest || pictures.count > Self.most { (pictures, size, place) = ([], 0, 0) }
    }

    /// All pictures are given out again, from the key frame on.
    mutating func rewind() { place = 0 }

    /// In the order of decoding.
    mutating func takePictures(until time: MediaTime) -> [EncodedPacket] {
        let begin = place
        while place < pictures.count, pictures[place].dts <= time { place += 1 }
        return Array(pictures[begin..<place])
    }

    mutating func takeSounds(until time: MediaTime) -> [EncodedPacket] {
        let end = sounds.firstIndex { $0.pts > time } ?? sounds.endIndex
        defer { sounds.removeFirst(end) }
        return Array(sounds[..<end])
    }
}

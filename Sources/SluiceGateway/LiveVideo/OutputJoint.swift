import SluiceMedia
import SluiceTypes

/// Where one line goes on behind another: from its first picture after `floor`. One that cannot be decoded alone is made into a key
/// frame, and so on to the line's own next one; where that cannot be done, that one is waited for.
struct OutputJoint {
    /// Nothing up to it is shown again.
    let floor: MediaTime
    private var bridge: PictureBridge?
    private var waitsForKey = false
    private var fault: String?
    /// The line goes on by itself.
    private(set) var isOver = false

    init(floor: MediaTime) { self.floor = floor }

    /// Why pictures could not be made anew; told once.
    mutating func takeFault() -> String? {
        defer { fault = nil }
        return fault
    }

    /// To hold the picture on, where the line ends in here.
    var pictures: PictureBridge? { isOver ? nil : bridge }

    /// - Parameter packet: of the line's pictures in order, from a key frame on, none left out.
    /// - Returns: what is to be shown, and its coding.
    mutating func take(_ packet: EncodedPacket, _ video: VideoParameters) -> (packets: [EncodedPacket], video: VideoParameters)? {
        if packet.isKey, packet.pts > floor {
            isOver = true
            bridge = nil
            return ([packet], video)
        }
        guard !waitsForKey else { return nil }
        do throws(MediaError) {
            let bridge: PictureBridge
            if let known = self.bridge { bridge = known } else { bridge = try PictureBridge(video) }
            self.bridge = bridge
            let packets = try bridge.take(packet, after: floor)
            return packets.isEmpty ? nil : bridge.video.map { (packets, $0) }
        } catch {
            fault = "\(error)"
            bridge = nil
            waitsForKey = true
            return nil
        }
    }
}

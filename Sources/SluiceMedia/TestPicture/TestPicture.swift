internal import CFFmpeg
import NIOCore
package import SluiceTypes

/// A moving picture with the wall clock in it, and a tone, encoded frame by frame. Confined to one thread at a time.
package final class TestPicture {
    package struct Settings: Sendable {
        package var width = 1280
        package var height = 720
        /// Frames per second.
        package var frameRate = 30
        /// Frames from one key frame to the next.
        package var keyFrameInterval = 60
        /// Bits per second of the picture.
        package var bitrate = 2_000_000
        package var hasTone = true

        package init() {}
    }

    package struct Frame: Sendable {
        package var video: EncodedPacket
        /// The sound up to the frame's time.
        package var audio: [EncodedPacket]
    }

    /// With the configuration that a container's header carries.
    package let video: VideoParameters
    package let audio: AudioParameters?

    private let settings: Settings
    private let encoder: FrameEncoder
    private let tone: Tone?
    private let canvas: Canvas
    private var index = 0

    package init(_ settings: Settings) throws(MediaError) {
        self.settings = settings
        let rate = Rational(settings.frameRate)
        let profile = TranscodeProfile(
            name: "test", width: settings.width, height: settings.height, bitrate: settings.bitrate, h264Profile: .main,
            keyFrames: .every(milliseconds: settings.keyFrameInterval * 1000 / settings.frameRate))
        do throws(SegmentFailure) {
            encoder = try FrameEncoder(
                profile: profile, width: settings.width, height: settings.height, rate: rate, globalHeader: true, encoder: .x264,
                preset: "superfast")
        } catch {
            throw MediaError("the test picture: \(error)")
        }
        guard let context = encoder.context, let extra = context.pointee.extradata, context.pointee.extradata_size > 0 else {
            throw MediaError("the encoder of the test picture tells no parameter sets")
        }
        // Exactly so many frames, where milliseconds would round.
        context.pointee.gop_size = Int32(clamping: settings.keyFrameInterval)
        let header = UnsafeRawBufferPointer(start: extra, count: Int(context.pointee.extradata_size))
        guard let configuration = AnnexB.configuration(of: header) else { throw MediaError("no parameter sets in the encoder's header") }
        video = VideoParameters(
            codec: .h264, width: settings.width, height: settings.height, frameRate: rate, configuration: configuration)
        tone = settings.hasTone ? try Tone() : nil
        audio = tone?.parameters
        canvas = try Canvas(width: settings.width, height: settings.height)
    }

    /// Draws and encodes the next frame.
    ///
    /// - Parameter wallClock: to be read in the picture; nanoseconds since 1970.
    package func next(wallClock: Int64) throws(MediaError) -> Frame {
        let time = MediaTime(ticks: Int64(index) * MediaTime.ticksPerSecond / Int64(settings.frameRate))
        let frame = try canvas.draw(index, wallClock: wallClock)
        frame.pointee.pts = time.ticks
        frame.pointee.pict_type = index % settings.keyFrameInterval == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        index += 1
        var packet: EncodedPacket?
        do throws(SegmentFailure) {
            try encoder.encode(frame) { encoded throws(SegmentFailure) in
                guard let bytes = encoded.pointee.data else { return }
                packet = EncodedPacket(
                    track: .video, pts: MediaTime(ticks: encoded.pointee.pts), dts: MediaTime(ticks: encoded.pointee.dts),
                    isKey: encoded.pointee.flags & AV_PKT_FLAG_KEY != 0,
                    payload: AnnexB.withLengths(UnsafeRawBufferPointer(start: bytes, count: Int(encoded.pointee.size))))
            }
        } catch {
            throw MediaError("the test picture: \(error)")
        }
        guard let packet else { throw MediaError("the encoder of the test picture held a frame back") }
        return Frame(video: packet, audio: try tone?.packets(until: time) ?? [])
    }
}

/// H.264 with start codes, taken apart.
enum AnnexB {
    /// An `AVCDecoderConfigurationRecord` of the parameter sets.
    static func configuration(of header: UnsafeRawBufferPointer) -> [UInt8]? {
        let units = units(in: header)
        guard let sequence = units.first(where: { $0.first.map { $0 & 0x1f } == 7 }), sequence.count > 3,
            let picture = units.first(where: { $0.first.map { $0 & 0x1f } == 8 })
        else { return nil }
        func size(_ unit: [UInt8]) -> [UInt8] { [UInt8(truncatingIfNeeded: unit.count >> 8), UInt8(truncatingIfNeeded: unit.count)] }
        return [1, sequence[1], sequence[2], sequence[3], 0xff, 0xe1] + size(sequence) + sequence + [1] + size(picture) + picture
    }

    /// The NAL units of a frame with their lengths before them. Messages of the encoder about itself are left out.
    static func withLengths(_ frame: UnsafeRawBufferPointer) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(frame.count + 16)
        for unit in units(in: frame) where unit.first.map({ $0 & 0x1f != 6 }) ?? false {
            bytes.writeInteger(UInt32(unit.count))
            bytes.writeBytes(unit)
        }
        return bytes
    }

    static func units(in bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
        var starts: [(code: Int, unit: Int)] = []
        var index = 0
        while index + 3 <= bytes.count {
            if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
                // A start code of four bytes has one more zero before it.
                starts.append((index > 0 && bytes[index - 1] == 0 ? index - 1 : index, index + 3))
                index += 3
            } else {
                index += 1
            }
        }
        return starts.indices.map { place in
            let end = place + 1 < starts.count ? starts[place + 1].code : bytes.count
            return Array(bytes[starts[place].unit..<max(starts[place].unit, end)])
        }
    }
}

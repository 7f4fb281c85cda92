import NIOCore
import SluiceTypes
import Testing

@testable import SluiceGateway

@Suite struct OutputJointTests {
    @Test func aFaultIsToldOnceAndTheKeyFrameIsWaitedFor() {
        var joint = OutputJoint(floor: .zero)
        let video = VideoParameters(codec: .h264, width: 64, height: 64)
        func packet(_ milliseconds: Int64, isKey: Bool) -> EncodedPacket {
            EncodedPacket(
                track: .video, pts: MediaTime(milliseconds: milliseconds), dts: MediaTime(milliseconds: milliseconds), isKey: isKey,
                payload: ByteBuffer(bytes: [0, 0, 0, 1, 0x65, 0xFF]))
        }
        var faults = 0
        for number in 1...5 {
            #expect(joint.take(packet(Int64(number) * 40, isKey: false), video) == nil)
            if joint.takeFault() != nil { faults += 1 }
        }
        #expect(faults == 1)
        #expect(joint.take(packet(240, isKey: true), video)?.packets.count == 1 && joint.isOver)
    }
}

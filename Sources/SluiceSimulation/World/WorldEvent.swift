import SluiceRouting
import SluiceTypes

/// One attempt in flight; stays distinct when the place is used again.
struct AttemptHandle: Hashable {
    var place: Int32
    var generation: UInt32
}

/// What is due in the world.
enum WorldEvent {
    case streamOpens(Int32)
    case streamCloses(Int32)
    case cut(stream: Int32, sequence: Int32)
    case wakeGateway(Int32)
    case wakeSegment(stream: Int32, sequence: Int32)
    case answer(ask: Int32)
    case uplink(gateway: Int32)
    case inbound(Int32)
    case outbound(Int32)
    case faultBegins(orchestrator: Int32, fault: Int32)
    case faultEnds(orchestrator: Int32, fault: Int32)
    /// A segment is in the stage that a fault waits for.
    case springs(orchestrator: Int32, FaultModel.Stage)
    case idles(session: Int32, generation: UInt32)
    case arrived(AttemptHandle)
    case accepted(AttemptHandle)
    case worked(AttemptHandle)
    case transcoded(AttemptHandle)
    case downloadBegins(AttemptHandle)
    case firstByte(AttemptHandle)
    case rendition(AttemptHandle, place: UInt8)
    case finished(AttemptHandle)
    case failed(AttemptHandle)
}

/// What a gateway gets to know. Streams, gateways and orchestrators are places in the world's lists.
enum Happening {
    case opened(stream: Int)
    case closed(stream: Int)
    case cut(stream: Int, sequence: Int)
    case attempt(AttemptHandle, stream: Int, sequence: Int, AttemptEvent)
    case answered(gateway: Int, orchestrator: Int, OrchestratorEntry?, roundTrip: Double)
    case wake(gateway: Int)
    case wakeSegment(stream: Int, sequence: Int)
}

import NIOCore
package import SluiceTypes
import SluiceWire
import Synchronization

/// Writes a channel of this process.
package final class TrickleLocalPublisher: TricklePublisher {
    private let table: TrickleTable
    private let name: String
    /// The number to write next; `nil` before the first.
    private let next = Mutex<Int64?>(nil)

    /// - Parameter name: one that is good for writing.
    package init(_ name: String, of table: TrickleTable) {
        self.table = table
        self.name = name
    }

    package func open() async throws -> TrickleOutgoing {
        guard case .channel(let relay) = table.find(name, for: .write) else { throw TrickleFailure.noSuchChannel }
        let opening = next.withLock { next in
            let opening = relay.open(next, resets: next == nil)
            switch opening {
            case .segment(let segment): next = segment.sequence + 1
            case .finished(let sequence): next = sequence + 1
            case .closed: break
            }
            return opening
        }
        switch opening {
        case .segment(let segment):
            return TrickleOutgoing(
                sequence: segment.sequence, write: { try Self.write($0, to: segment, of: relay) },
                finish: {
                    _ = relay.finish(segment)
                    if relay.writing(of: segment) == .channelClosed { throw TrickleFailure.channelClosed }
                })
        // Somebody else has written it: what we have to say goes into the one after.
        case .finished: return try await open()
        case .closed: throw TrickleFailure.channelClosed
        }
    }

    package func close() async throws { table.close(name) }

    private static func write(_ bytes: ByteBuffer, to segment: TrickleSegmentID, of relay: TrickleRelay) throws {
        guard bytes.readableBytes > 0 else { return }
        switch relay.append(bytes, to: segment) {
        case .taken: return
        case .late: throw relay.writing(of: segment) == .channelClosed ? TrickleFailure.channelClosed : .cut("closed from elsewhere")
        case .tooLarge(let limit): throw TrickleFailure.tooLong(limit: limit)
        case nil: throw TrickleFailure.limitReached("the channels of this process hold all they may")
        }
    }
}

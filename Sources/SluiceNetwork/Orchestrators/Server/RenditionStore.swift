import Synchronization

package import NIOCore
package import SluiceTypes

/// Renditions waiting to be fetched: the last few of each, in memory (specs/transcoding-protocol §3.7).
package final class RenditionStore: Sendable {
    /// Per rendition name, as in the reference: a gateway fetches within seconds.
    package static let kept = 12
    /// All sessions together; the oldest files leave first. Ten streams of a dozen 8 Mbit/s, 2 s files fit in.
    package static let defaultByteLimit = 512 << 20

    private struct File {
        var session: SessionID
        var name: String
        var file: String
        var bytes: ByteBuffer
    }

    private struct Shelf {
        /// In order of arrival.
        var files: [File] = []
        var size = 0

        mutating func remove(at index: Int) {
            size -= files.remove(at: index).bytes.readableBytes
        }
    }

    private let byteLimit: Int
    private let shelf = Mutex(Shelf())

    package init(byteLimit: Int = RenditionStore.defaultByteLimit) {
        self.byteLimit = byteLimit
    }

    package var size: Int { shelf.withLock { $0.size } }

    package func put(_ bytes: ByteBuffer, session: SessionID, name: String, file: String) {
        shelf.withLock { shelf in
            let isSibling: (File) -> Bool = { $0.session == session && $0.name == name }
            if let same = shelf.files.firstIndex(where: { isSibling($0) && $0.file == file }) { shelf.remove(at: same) }
            if shelf.files.count(where: isSibling) >= Self.kept, let oldest = shelf.files.firstIndex(where: isSibling) {
                shelf.remove(at: oldest)
            }
            while !shelf.files.isEmpty, shelf.size + bytes.readableBytes > byteLimit { shelf.remove(at: 0) }
            guard bytes.readableBytes <= byteLimit else { return }
            shelf.files.append(File(session: session, name: name, file: file, bytes: bytes))
            shelf.size += bytes.readableBytes
        }
    }

    package func find(session: SessionID, name: String, file: String) -> ByteBuffer? {
        shelf.withLock { shelf in
            shelf.files.last { $0.session == session && $0.name == name && $0.file == file }?.bytes
        }
    }

    package func drop(_ session: SessionID) {
        shelf.withLock { shelf in
            shelf.files.removeAll { $0.session == session }
            shelf.size = shelf.files.reduce(0) { $0 + $1.bytes.readableBytes }
        }
    }
}

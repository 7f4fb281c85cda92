/// Why bytes are no transport stream that can be taken apart here.
package struct TransportStreamError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 0 over all that was read.
    package let packet: Int
    package let reason: String
    /// It may be a good one, of codings that are not read here.
    package let isUnsupported: Bool

    package var description: String { "MPEG-TS packet \(packet): \(reason)" }
}

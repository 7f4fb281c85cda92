#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif
package import SwiftProtobuf

/// Messages in HTTP headers: standard base64 with padding (specs/transcoding-protocol §3.1).
package enum HeaderBase64 {
    package static func encode(_ message: some Message) throws -> String {
        let bytes: Data = try message.serializedBytes()
        return bytes.base64EncodedString()
    }

    package static func decode(_ text: String) -> Data? {
        Data(base64Encoded: text)
    }

    /// Where decoding goes wrong, counted as Go counts it, for the text of the 402.
    static func firstIllegalByte(in text: String) -> Int {
        let bytes = Array(text.utf8)
        let isLegal: (UInt8) -> Bool = {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        return bytes.firstIndex { !isLegal($0) } ?? bytes.count / 4 * 4
    }
}

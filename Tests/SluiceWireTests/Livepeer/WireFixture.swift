import Foundation
import SluiceProto

/// Recorded exchanges in `Fixtures/wire`.
enum WireFixture {
    static func exchanges(_ file: String) throws -> [[String: Any]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let bytes = try Data(contentsOf: root.appending(path: "Fixtures/wire/\(file).json"))
        return try JSONSerialization.jsonObject(with: bytes) as? [[String: Any]] ?? []
    }

    static func header(_ name: String, of exchange: [String: Any]) -> String? {
        (exchange["request_headers"] as? [[String]])?.first { $0[0] == name }?[1]
    }
}

/// Spaces and newlines in the digits are passed over.
func hexBytes(_ digits: String) -> [UInt8] {
    let digits = digits.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
        let start = digits.index(digits.startIndex, offsetBy: offset)
        return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
    }
}

import Foundation
import HTTPTypes

/// Tells two states of a thing apart (RFC 9110 §8.8.3), so that of two operators who change it the second is told.
struct EntityTag: Hashable, Sendable {
    /// With its quotes.
    let text: String

    /// Of what can be changed of the thing; figures that move by themselves do not belong in here.
    init(of value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // FNV-1a: it has to differ between states, not withstand anybody.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in (try? encoder.encode(value)) ?? Data() { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        text = "\"\(String(hash, radix: 16))\""
    }

    /// Whether `If-Match` lets a change of this state through; without the field everything does.
    func satisfies(_ field: String?) -> Bool {
        guard let field else { return true }
        return field.split(separator: ",").contains { part in
            let tag = part.trimmingCharacters(in: .whitespaces)
            return tag == "*" || tag == text
        }
    }
}

extension APIProblem {
    static func changedMeanwhile(_ what: String) -> APIProblem {
        APIProblem(
            .preconditionFailed, "changed-meanwhile", "\(what) was changed by somebody else since you looked", at: "header If-Match",
            right: "read it again, and send the ETag of that answer")
    }
}

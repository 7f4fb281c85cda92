import HTTPTypes
import SluiceWire

extension HTTPField.Name {
    static let trickleSequence = named(TrickleHeader.sequence)
    static let trickleLatest = named(TrickleHeader.latest)
    static let trickleClosed = named(TrickleHeader.closed)
    static let trickleReset = named(TrickleHeader.reset)
    static let trickleCut = named(TrickleHeader.cut)
    static let trickleOnCut = named(TrickleHeader.onCut)
    static let expectContent = named(TrickleHeader.expectContent)

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("`\(text)` is a header name") }
        return name
    }
}

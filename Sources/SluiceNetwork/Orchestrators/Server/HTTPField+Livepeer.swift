package import HTTPTypes

extension HTTPField.Name {
    package static let livepeerSegment = named("livepeer-segment")
    package static let livepeerPayment = named("livepeer-payment")
    static let livepeerSegmentHash = named("livepeer-segment-hash")
    /// Of live video's start call, beside the fields of its body.
    static let requestID = named("requestID")
    static let legacyStreamID = named("streamID")
    static let sluiceKeyFrameAfter = named("sluice-key-frame-after")
    static let trailer = named("trailer")
    /// W3C Trace Context §3.2.
    package static let traceparent = named("traceparent")
    package static let grpcStatus = named("grpc-status")
    package static let grpcMessage = named("grpc-message")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("`\(text)` is a header name") }
        return name
    }
}

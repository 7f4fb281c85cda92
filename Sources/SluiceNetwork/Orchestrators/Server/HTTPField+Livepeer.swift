import HTTPTypes

extension HTTPField.Name {
    static let livepeerSegment = named("livepeer-segment")
    static let livepeerPayment = named("livepeer-payment")
    static let grpcStatus = named("grpc-status")
    static let grpcMessage = named("grpc-message")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("`\(text)` is a header name") }
        return name
    }
}

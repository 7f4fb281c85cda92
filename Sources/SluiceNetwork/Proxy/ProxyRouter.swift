package import HTTPTypes
package import NIOCore

/// Says what becomes of requests that are passed on to another server.
package protocol ProxyRouter: Sendable {
    /// Whether it decides on this one. What it does not take is answered by the server itself.
    func takes(_ request: HTTPRequest) -> Bool

    /// - Returns: the decision, on `loop`. A failed future is answered with 502.
    func decide(on request: HTTPRequest, loop: any EventLoop) -> EventLoopFuture<ProxyDecision>
}

package enum ProxyDecision: Sendable {
    case answer(HTTPDirectAnswer)
    case forward(ProxyForward)
    /// Its body is needed for that; one that is longer is refused with 413.
    case read(upTo: Int, budget: UploadBudget, then: @Sendable (ByteBuffer) -> ProxyDecision)
}

/// Where a request goes, and what is to be known of its way.
package struct ProxyForward: Sendable {
    package var authority: HTTPAuthority
    /// With the query.
    package var path: String
    /// Put in the place of what the client sent under these names.
    package var headers: HTTPFields
    /// Put in the place of what the answer has under these names.
    package var answerHeaders: HTTPFields
    /// From the request's last byte to the answer's head.
    package var answerTime: Duration
    /// Called on the event loop when the exchange has a place there, with what cuts it off; that may be called from anywhere, and late.
    package var began: @Sendable (@escaping ProxyCut) -> Void
    /// Of the client's headers, those that go no further.
    package var drops: Set<HTTPField.Name> = []
    /// In the place of what was read of the client's body.
    package var body: ByteBuffer?
    /// It may be sent again elsewhere, whatever its method.
    package var isRepeatable = false
    /// Called on the event loop when the answer's head has come that is passed on.
    package var headed: @Sendable (_ status: Int) -> Void = { _ in }
    /// Called once on the event loop, whatever happens.
    package var ended: @Sendable (ProxyOutcome) -> Void
    /// Another way, asked for when nothing of an answer has gone out and all of the request is still here.
    package var retry: (@Sendable (ProxyFailure) -> ProxyDecision?)?

    package init(
        authority: HTTPAuthority, path: String, headers: HTTPFields = [:], answerHeaders: HTTPFields = [:],
        answerTime: Duration = .seconds(300), began: @escaping @Sendable (@escaping ProxyCut) -> Void = { _ in },
        ended: @escaping @Sendable (ProxyOutcome) -> Void = { _ in },
        retry: (@Sendable (ProxyFailure) -> ProxyDecision?)? = nil
    ) {
        self.authority = authority
        self.path = path
        self.headers = headers
        self.answerHeaders = answerHeaders
        self.answerTime = answerTime
        self.began = began
        self.ended = ended
        self.retry = retry
    }
}

/// Ends an exchange from outside; the text tells the other two why, where they can be told.
package typealias ProxyCut = @Sendable (String) -> Void

package enum ProxyOutcome: Hashable, Sendable {
    /// The whole answer was passed on, or the tunnel was closed from either end.
    case answered(status: Int)
    case clientGone
    case failed(ProxyFailure)
    case cut
}

/// Why the other server gave no answer, or only the beginning of one.
package enum ProxyFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// It was not to be connected to.
    case unreachable(String)
    /// It closed before its answer was complete.
    case closedEarly
    case garbage(String)
    case tooSlow(Duration)
    /// It refused, in a way that may be otherwise elsewhere.
    case refused(status: Int)

    package var description: String {
        switch self {
        case .unreachable(let why): "it cannot be reached: \(why)"
        case .closedEarly: "it closed the connection before its answer was complete"
        case .garbage(let why): "it answered what is no HTTP: \(why)"
        case .tooSlow(let limit): "it gave no answer within \(limit.components.seconds) s"
        case .refused(let status): "it answered \(status)"
        }
    }

    var status: HTTPResponse.Status {
        if case .tooSlow = self { .gatewayTimeout } else { .badGateway }
    }
}

extension HTTPDirectAnswer {
    /// One line of text, with the headers the reference's errors have.
    package static func refusal(_ status: HTTPResponse.Status, _ text: String, headers: HTTPFields = [:]) -> HTTPDirectAnswer {
        var headers = headers
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.xContentTypeOptions] = "nosniff"
        return HTTPDirectAnswer(status, headers: headers, pieces: [ByteBuffer(string: text + "\n")])
    }
}

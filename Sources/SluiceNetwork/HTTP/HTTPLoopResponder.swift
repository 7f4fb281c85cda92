package import HTTPTypes
package import NIOCore

/// Answers requests on their connection's event loop, piece by piece both ways, where a task for each would cost more than the answer.
package protocol HTTPLoopResponder: Sendable {
    /// Whether it answers this one. What it does not take goes to the server's other responders.
    func takes(_ request: HTTPRequest) -> Bool

    /// Called on the event loop, as is everything else here.
    ///
    /// - Returns: who hears the rest of it; `nil` when it has been answered.
    func begin(_ request: HTTPRequest, _ conversation: HTTPConversation) -> (any HTTPLoopExchange)?
}

/// One request that is not answered to its end yet.
package protocol HTTPLoopExchange: AnyObject {
    func received(_ piece: ByteBuffer)
    /// The request has been read to its end.
    func requestEnded()
    /// The connection takes more of the answer again.
    func hasRoom()
    /// Nobody waits for the answer any more. Nothing is called after it.
    func gone()
}

package import HTTPTypes
import NIOCore

/// Trickle channels for viewers, to read only: who writes them is in this process. With a token as for playlists: in the path before them
/// (`ViewerPath`), where clients inherit it, or in a header.
package struct ChannelDelivery: HTTPLoopResponder {
    private let channels: TrickleEndpoint
    private let door: ViewerDoor?

    /// - Parameter door: without one everybody may see everything.
    package init(channels: TrickleEndpoint, door: ViewerDoor? = nil) {
        self.channels = channels
        self.door = door
    }

    package func takes(_ request: HTTPRequest) -> Bool {
        door == nil ? channels.takes(request) : ViewerDoor.leads(request.path, to: channels.base)
    }

    package func begin(_ request: HTTPRequest, _ conversation: HTTPConversation) -> (any HTTPLoopExchange)? {
        guard request.method == .get || request.method == .head else {
            channels.refuse(.methodNotAllowed, "the channels of this gateway are read only", conversation, headers: [.allow: "GET, HEAD"])
            return nil
        }
        guard let door, let channel = conversation.channel else { return channels.begin(request, conversation) }
        switch door.enter(request, from: channel.remoteAddress?.ipAddress ?? "") {
        case .asks(let asked, let path):
            let question = Question(self, door, conversation)
            question.ask(asked, path, request, on: channel.eventLoop)
            return question
        case let entry: return take(entry, conversation)
        }
    }

    private func take(_ entry: ViewerDoor.Entry, _ conversation: HTTPConversation) -> (any HTTPLoopExchange)? {
        switch entry {
        case .admitted(let admitted): return channels.begin(admitted, conversation)
        case .answered(let status, let headers, let text): channels.refuse(status, text, conversation, headers: headers)
        case .asks: preconditionFailure("a verdict that is none")
        }
        return nil
    }

    /// A reader who waits for a word on its token, and then for what it wanted. On the connection's event loop but for the question itself.
    private final class Question: HTTPLoopExchange {
        private let delivery: ChannelDelivery
        private let door: ViewerDoor
        private let conversation: HTTPConversation
        private var task: Task<Void, Never>?
        private var isOver = false
        private var reading: (any HTTPLoopExchange)?

        init(_ delivery: ChannelDelivery, _ door: ViewerDoor, _ conversation: HTTPConversation) {
            self.delivery = delivery
            self.door = door
            self.conversation = conversation
        }

        func ask(_ request: ViewRequest, _ path: ViewerPath, _ head: HTTPRequest, on loop: any EventLoop) {
            let bound = NIOLoopBound(self, eventLoop: loop)
            // Owned by this one: cancelled when nobody waits for the answer any more.
            task = Task { [door] in
                let verdict = await door.ask(request)
                loop.execute { bound.value.take(door.entry(verdict, path, head)) }
            }
        }

        private func take(_ entry: ViewerDoor.Entry) {
            task = nil
            if !isOver { reading = delivery.take(entry, conversation) }
        }

        func received(_ piece: ByteBuffer) { reading?.received(piece) }
        func requestEnded() { reading?.requestEnded() }
        func hasRoom() { reading?.hasRoom() }

        func gone() {
            isOver = true
            task?.cancel()
            reading?.gone()
        }
    }
}

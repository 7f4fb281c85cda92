package import SluiceTypes
import SluiceWire

/// Where the result of a model goes besides this gateway's own playlists: a trickle channel, and RTMP servers elsewhere.
package struct LiveVideoOutlets: Sendable {
    /// More would be a way to have a gateway flood others.
    private static let most = 8
    private static let lookInterval: Duration = .milliseconds(500)

    private let pushing: (any PacketPushing)?
    private let channel: @Sendable (StreamID) -> (any TricklePublisher)?

    /// - Parameter channel: opens the channel of a result; `nil` where there are none.
    package init(
        pushing: (any PacketPushing)? = nil, channel: @escaping @Sendable (StreamID) -> (any TricklePublisher)? = { _ in nil }
    ) {
        self.pushing = pushing
        self.channel = channel
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: why one of them cannot be pushed to.
    func check(_ outputs: [String], of stream: StreamID) throws {
        guard outputs.count <= Self.most else { throw Fault(description: "\(outputs.count) outputs; \(Self.most) at most are right") }
        for output in outputs {
            guard let pushing else { throw Fault(description: "this gateway pushes to no server") }
            _ = try pushing.push(to: Self.named(output, stream))
        }
    }

    private static func named(_ output: String, _ stream: StreamID) -> String {
        output.replacing("{stream}", with: stream.rawValue)
    }

    /// One result's outlets, while it is made.
    struct Open: Sendable {
        let pushes: [any PacketPush]
        private let channel: (any TricklePublisher)?
        private let isTold = Gate()

        init(pushes: [any PacketPush], channel: (any TricklePublisher)?) {
            self.pushes = pushes
            self.channel = channel
        }

        /// Until the task is cancelled. A fault of an outlet is its own: the stream goes on, and so do the others.
        func run(_ feeds: LiveVideoFeeds, noting stream: LiveVideoStream) async {
            await withDiscardingTaskGroup { group in
                for push in pushes { group.addTask { await push.run() } }
                if !pushes.isEmpty { group.addTask { await look(stream) } }
                await tell(feeds)
                isTold.open()
            }
        }

        /// Returns when the channel has its end.
        func drain() async { await isTold.opened() }

        /// In the place of `run`, where nothing is made after all.
        func abandon() async { try? await channel?.close() }

        private func tell(_ feeds: LiveVideoFeeds) async {
            guard let channel else { return }
            var number: Int?
            while let place = await feeds.next(after: number) {
                number = place.number
                do {
                    let segment = try await channel.open()
                    do { for try await piece in place.feed.pieces() { try await segment.write(piece) } } catch is SegmentFailure {
                        // A segment that broke off is short there too.
                    }
                    try await segment.finish()
                } catch is TrickleFailure {
                    // The channel holds no more, or was closed: the next segment tries anew.
                } catch { break }
            }
            try? await channel.close()
        }

        private func look(_ stream: LiveVideoStream) async {
            while (try? await Task.sleep(for: LiveVideoOutlets.lookInterval)) != nil {
                let now = pushes.map(\.status)
                if stream.status.pushes != now { stream.note { $0.pushes = now } }
            }
        }
    }

    func open(_ stream: LiveVideoStream) -> Open {
        // Each was checked when the publisher came.
        let pushes = stream.request.order.outputs.compactMap { try? pushing?.push(to: Self.named($0, stream.output)) }
        return Open(pushes: pushes, channel: channel(stream.output))
    }
}

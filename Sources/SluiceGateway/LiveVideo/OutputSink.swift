import SluiceTypes

/// Those that get the result's packets: its own stream, and where it is pushed to. Sinks are confined to who made them: the output's
/// thread.
final class OutputSink {
    private let make: @Sendable () -> [any PacketSink]
    private lazy var sinks = make()
    private var video: VideoParameters?
    private var audio: AudioParameters?

    init(_ make: @escaping @Sendable () -> [any PacketSink]) { self.make = make }

    func isNew(_ parameters: VideoParameters) -> Bool { parameters != video }
    func isNew(_ parameters: AudioParameters) -> Bool { parameters != audio }

    func configure(_ parameters: VideoParameters) {
        guard parameters != video else { return }
        video = parameters
        for sink in sinks { sink.configure(video: parameters) }
    }

    func configure(_ parameters: AudioParameters) {
        guard parameters != audio else { return }
        audio = parameters
        for sink in sinks { sink.configure(audio: parameters) }
    }

    func consume(_ packet: EncodedPacket) { for sink in sinks { sink.consume(packet) } }

    func finish(isLost: Bool) { for sink in sinks { isLost ? sink.lose() : sink.finish() } }
}

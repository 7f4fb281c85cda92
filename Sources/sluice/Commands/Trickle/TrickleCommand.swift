import ArgumentParser

struct TrickleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trickle", abstract: "Serve, write and read trickle channels (segmented publish and subscribe over HTTP).",
        discussion: "See docs/Trickle.md.",
        subcommands: [TrickleServeCommand.self, TricklePublishCommand.self, TrickleSubscribeCommand.self])
}

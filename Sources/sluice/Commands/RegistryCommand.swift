import ArgumentParser
import SluiceRegistry
import SluiceTypes

struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry", abstract: "Look after the file in which a gateway keeps offers, history and books.",
        subcommands: [RegistryCheckCommand.self, RegistryMoveAsideCommand.self])
}

struct RegistryCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "check", abstract: "Say whether a registry can be used.")

    @Argument(help: "The file.") var file: String

    func run() async throws {
        do {
            let registry = try Registry(path: file, mayMake: false)
            let lines = try await registry.usage(.init(groups: []))
            print("'\(file)' is well: \(try await registry.offers().count) offers, \(lines.reduce(0) { $0 + $1.bookings }) bookings")
            try registry.close()
        } catch let error as RegistryError { throw ValidationError(error.description) }
    }
}

struct RegistryMoveAsideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move-aside", abstract: "Give a registry another name, so that a new one can be made. Nothing is deleted.")

    @Argument(help: "The file.") var file: String

    func run() async throws {
        do { print("kept as '\(try Registry.moveAside(file, at: Market.now))'") } catch let error as RegistryError {
            throw ValidationError(error.description)
        }
    }
}

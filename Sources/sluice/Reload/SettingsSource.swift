import Foundation
import NIOPosix

/// Where a gateway's settings come from: a file, if any, and the flags it was started with.
struct SettingsSource: Sendable {
    var file: String?
    var flags: [String: String]

    /// Blocks while the file is read.
    ///
    /// - Parameter read: of the file and the flags.
    /// - Throws: also for a file that was written to meanwhile, whose half might read as a whole.
    func load(
        by read: (String?, [String: String]) throws -> SettingsReader = { try SettingsReader(file: $0, flags: $1) }
    ) throws -> LoadedSettings {
        // Before it is read: what is written meanwhile looks different afterwards.
        let look = file.flatMap(FileLook.of)
        var reader = try read(file, flags)
        if let file, FileLook.of(file) != look {
            throw SettingsError("settings file '\(file)' was written to while it was read; it is right once it stands still")
        }
        let settings = try GatewayFileSettings(&reader)
        try reader.finish()
        return LoadedSettings(source: self, settings: settings, effective: reader.effective, look: look)
    }

    /// As `load`, on a thread that may block.
    func read() async throws -> LoadedSettings {
        try await NIOThreadPool.singleton.runIfActive { try load() }
    }
}

struct LoadedSettings: Sendable {
    var source: SettingsSource
    var settings: GatewayFileSettings
    var effective: [String: SettingsReader.Effective]
    /// Of the file when it was read; `nil` without one.
    var look: FileLook?
}

/// How a file looks from outside: whether it is still the one that was read.
struct FileLook: Hashable, Sendable {
    var size: Int
    private var modified: Double
    private var number: UInt64

    /// - Returns: `nil` for one that is not there.
    static func of(_ file: String) -> FileLook? {
        // A link is looked through: what it leads to is what is read.
        let place = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
        guard let facts = try? FileManager.default.attributesOfItem(atPath: place), let size = facts[.size] as? NSNumber,
            let modified = facts[.modificationDate] as? Date, let number = facts[.systemFileNumber] as? NSNumber
        else { return nil }
        return FileLook(size: size.intValue, modified: modified.timeIntervalSinceReferenceDate, number: number.uint64Value)
    }
}

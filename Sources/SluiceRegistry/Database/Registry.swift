import Foundation
import GRDB

/// The one file on disk that a gateway remembers in: offers, prices, how well they did, and the books. SQLite.
///
/// All work runs on the database's own thread; callers wait without holding a thread of theirs.
package final class Registry: Sendable {
    /// `SLUI`: tells the file from other programs' databases.
    static let applicationID: Int32 = 0x534C_5549
    /// A lock that somebody holds is waited for so long, seconds.
    private static let patience = 2.0

    package let path: String
    let queue: DatabaseQueue

    /// Opens the file, or makes it, and brings it up to date.
    ///
    /// - Parameters:
    ///   - mayMake: whether a file that is not there is made.
    ///   - mostPages: of 4096 bytes; for tests of a full disk.
    /// - Throws: `RegistryError`; the file is then as it was.
    package init(path: String, mayMake: Bool = true, mostPages: Int? = nil) throws {
        self.path = path
        guard mayMake || FileManager.default.fileExists(atPath: path) else {
            throw RegistryError(path: path, reason: .unwritable("there is no such file"))
        }
        var configuration = Configuration()
        configuration.label = "registry"
        configuration.busyMode = .timeout(Self.patience)
        configuration.prepareDatabase { database in
            // One process, one file: a second one is told so at once instead of interleaving its bookings with ours.
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { database in
                try Self.check(database, path: path)
                // What is acknowledged survives the process and the machine: every commit waits for the disk.
                _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
                try database.execute(sql: "PRAGMA synchronous = FULL")
                if let mostPages { try database.execute(sql: "PRAGMA max_page_count = \(mostPages)") }
            }
            let migrator = Schema.migrator
            if try queue.read({ try migrator.hasBeenSuperseded($0) }) { throw RegistryError(path: path, reason: .newer) }
            try migrator.migrate(queue)
        } catch {
            throw RegistryError(error, path: path)
        }
    }

    private static func check(_ database: Database, path: String) throws {
        let id = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard id == applicationID || (id == 0 && tables == 0) else { throw RegistryError(path: path, reason: .foreign) }
        if tables > 0 {
            let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard verdict == "ok" else { throw RegistryError(path: path, reason: .corrupt(verdict)) }
        }
        try database.execute(sql: "PRAGMA application_id = \(applicationID)")
    }

    package func close() throws { try queue.close() }

    /// Runs in one transaction on the database's thread. A task that is cancelled meanwhile does not undo what others wait for.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.asyncWrite(body) { [path] _, result in
                continuation.resume(with: result.mapError { RegistryError($0, path: path) })
            }
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await queue.read(body) } catch let error as DatabaseError { throw RegistryError(error, path: path) }
    }

    /// Gives the file another name, its companions too, so that a new one can be made: only ever because a person said so.
    ///
    /// - Parameter now: Unix seconds; stands in the new name.
    /// - Returns: the new name.
    package static func moveAside(_ path: String, at now: Int64) throws -> String {
        guard FileManager.default.fileExists(atPath: path) else {
            throw RegistryError(path: path, reason: .unwritable("there is no such file"))
        }
        var aside = "\(path).aside-\(now)"
        while FileManager.default.fileExists(atPath: aside) { aside += "-1" }
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: aside + suffix)
        }
        return aside
    }
}

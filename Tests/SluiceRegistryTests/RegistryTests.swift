import Foundation
import GRDB
import SluiceTypes
import Testing

@testable import SluiceRegistry

/// A folder that is gone when the test is over.
final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "registry-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var file: String { path + "/registry.sqlite" }
}

@Suite struct RegistryTests {
    private func problem(_ path: String, mostPages: Int? = nil) -> RegistryError.Reason? {
        do {
            try Registry(path: path, mostPages: mostPages).close()
            return nil
        } catch { return (error as? RegistryError)?.reason }
    }

    @Test func aFileThatIsNotThereIsMadeAndOpenedAgain() throws {
        let folder = try Folder()
        #expect(problem(folder.file) == nil)
        #expect(problem(folder.file) == nil)
    }

    @Test func aCorruptFileIsSaidAndLeftAloneUntilSomebodyMovesItAside() throws {
        let folder = try Folder()
        let rubbish = Data((0..<8192).map { _ in UInt8.random(in: 0...255) })
        try rubbish.write(to: URL(fileURLWithPath: folder.file))
        guard case .corrupt? = problem(folder.file) else {
            Issue.record("rubbish is \(String(describing: problem(folder.file)))")
            return
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file)) == rubbish)
        let aside = try Registry.moveAside(folder.file, at: 5)
        #expect(aside == folder.file + ".aside-5")
        #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == rubbish)
        #expect(problem(folder.file) == nil)
    }

    @Test func aFileThatWasCutInTheMiddleIsCorrupt() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        try await registry.book((0..<2000).map { booking(stream: "stream-\($0)") })
        try registry.close()
        let handle = try #require(FileHandle(forWritingAtPath: folder.file))
        try handle.seek(toOffset: 4096 * 3)
        try handle.write(contentsOf: Data(repeating: 0xFF, count: 4096 * 4))
        try handle.close()
        guard case .corrupt? = problem(folder.file) else {
            Issue.record("a damaged file is \(String(describing: problem(folder.file)))")
            return
        }
    }

    @Test func aNewerVersionsFileIsSaid() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        try await registry.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')") }
        try registry.close()
        #expect(problem(folder.file) == .newer)
    }

    @Test func anotherProgramsDatabaseIsNotTouched() async throws {
        let folder = try Folder()
        let other = try DatabaseQueue(path: folder.file)
        try await other.write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
        try other.close()
        #expect(problem(folder.file) == .foreign)
    }

    @Test func oneFileHasOneUser() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file)
        try await registry.book([booking()])
        #expect(problem(folder.file) == .locked)
        try registry.close()
        #expect(problem(folder.file) == nil)
    }

    @Test func aFolderThatIsNotThereIsSaid() throws {
        guard case .unwritable? = problem("/nowhere/at/all.sqlite") else {
            Issue.record("a folder that is not there is \(String(describing: problem("/nowhere/at/all.sqlite")))")
            return
        }
    }

    @Test func aFullDiskRefusesABatchAsAWholeAndKeepsWhatWasThere() async throws {
        let folder = try Folder()
        let registry = try Registry(path: folder.file, mostPages: 40)
        try await registry.book([booking(stream: "kept")])
        let many = (0..<5000).map { booking(stream: "stream-\($0)") }
        await #expect(throws: RegistryError(path: folder.file, reason: .full)) { try await registry.book(many) }
        let usage = try await registry.usage(UsageFilter())
        #expect(usage.map(\.stream) == ["kept"])
        try await registry.book([booking(stream: "kept")])
        #expect(try await registry.usage(UsageFilter()).first?.bookings == 2)
        try registry.close()
    }
}

func booking(
    tenant: String = "acme", stream: String = "cam", orchestrator: String = "https://one:8935", kind: BookingKind = .primary,
    units: Int64 = 1000, price: Price? = Price(pricePerUnit: 1, pixelsPerUnit: 3), at moment: Int64 = 7300
) -> Booking {
    Booking(
        tenant: tenant, stream: stream, orchestrator: orchestrator, capability: "transcode", kind: kind, unit: .pixel, units: units,
        milliseconds: 2000, price: price, at: moment)
}

import CConsole
import Foundation
import HTTPTypes
import Testing

@testable import sluice

@Suite(.serialized, .timeLimit(.minutes(1))) struct ConsolePageTests {
    private static let folder: URL = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("Sources/CConsole/page")
    }()

    @Test func itIsSmallAndNeedsNobodyElse() throws {
        #expect(EmbeddedFile.sizeOfAll > 10_000 && EmbeddedFile.sizeOfAll <= 300_000, "\(EmbeddedFile.sizeOfAll) bytes")
        let files = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            let foreign = text.matches(of: /https?:\/\/[a-z0-9.-]+\.[a-z]{2,}/).map { String($0.0) }.filter { $0 != "http://www.w3.org" }
            #expect(foreign == [], "\(file.lastPathComponent)")
        }
    }

    /// A file that is there and not in the table would be missed in the browser alone.
    @Test func everyFileOfTheFolderIsInTheBinary() throws {
        let there = Set(try FileManager.default.contentsOfDirectory(atPath: Self.folder.path))
        let embedded = Set(
            (0..<sluice_console_file_count).compactMap { sluice_console_file_at($0).map { String(cString: $0.pointee.name) } })
        #expect(there == embedded)
    }

    @Test func itIsServedAsItLiesThere() async throws {
        try await RunningDesk.serving("profiles: none\n") { desk in
            let home = try await desk.get("/console")
            #expect(home.status == 302 && home.headers[.location] == "/console/")
            let page = try await desk.get("/console/")
            #expect(page.text == (try String(contentsOf: Self.folder.appendingPathComponent("index.html"), encoding: .utf8)))
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
            let script = try await desk.get("/console/desk.js")
            #expect(script.headers[.contentType] == "text/javascript; charset=utf-8")
            let known = try await desk.get("/console/desk.js", [.ifNoneMatch: script.tag ?? ""])
            #expect(known.status == 304 && known.text.isEmpty)
            #expect(try await desk.get("/console/nothing.js").status == 404)
            #expect(try await desk.ask(.post, "/console/desk.js").status == 405)
        }
    }
}

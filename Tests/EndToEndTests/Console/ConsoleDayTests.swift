import Foundation
import Testing

/// A console that nobody closes in the evening.
@Suite(.serialized, .timeLimit(.minutes(4))) struct ConsoleDayTests {
    @Test func aConsoleThatIsOpenForADayStaysSmallAndGoesOn() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-day-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let gateway = try await RunningGateway(["--profiles", "P144p30fps16x9"])
        let publisher = try gateway.publish("cam", seconds: 230, size: "320x180")
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("day.py").path
        let browser = try BrowserScript([script, "\(gateway.admin)/console/"], log: folder.appendingPathComponent("browser.log"))
        func listeners() async throws -> Int? {
            let text = try await Program.run(["curl", "-s", "\(gateway.admin)/metrics"])
            return text.split(separator: "\n").first { $0.hasPrefix("sluice_event_listeners ") }.flatMap {
                Int($0.split(separator: " ")[1])
            }
        }
        try await browser.saw("it is open")
        for what in ["a day weighs nothing", "its link is a new one"] { try await browser.saw(what, within: .seconds(150)) }
        // However many links the page has had, the gateway has one.
        _ = try await eventually("one listener is left") { try await listeners() == 1 ? true : nil }
        try await browser.saw("ready for an order")
        _ = try await Program.run(["curl", "-s", "-X", "PATCH", "-d", #"{"latency": "85%"}"#, "\(gateway.admin)/api/v1/sla"])
        try browser.tell("ordered")
        for what in ["it still updates", "a dead link is noticed", "no fault"] { try await browser.saw(what) }
        _ = try await eventually("nobody listens any more") { try await listeners() == 0 ? true : nil }
        publisher.killAtOnce()
        gateway.program.terminate()
        #expect(await gateway.program.status() == 0)
    }
}

import Foundation
import SluiceTypes
import Testing

@testable import SluiceSimulation

@Suite struct TraceTests {
    private func withFile<Result>(_ text: String? = nil, _ body: (String) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-trace-\(UUID().uuidString).jsonl")
        if let text { try Data(text.utf8).write(to: url) }
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(url.path)
    }

    /// The text of the error that reading ends with.
    private func complaint(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "no error"
    }

    private func written(_ records: [TraceRecord]) throws -> String {
        try withFile { path in
            var writer = try TraceWriter(path: path)
            for record in records { try writer.write(record) }
            try writer.close()
            return try String(contentsOfFile: path, encoding: .utf8)
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        let records = RecordedStreams.two + [RecordedStreams.failure(.timedOut, at: 7, "paris")]
        let text = try written(records)
        #expect(text.split(separator: "\n").count == records.count)
        try withFile(text) { path in
            let reading = try TraceReading(path: path)
            #expect(reading.records == records && reading.cut == nil)
        }
    }

    @Test func aTraceCutInALineReplaysUpToIt() throws {
        let text = try written(RecordedStreams.two)
        let lines = text.split(separator: "\n")
        let cut = lines[..<9].joined(separator: "\n") + "\n" + lines[9].prefix(40)
        try withFile(cut) { path in
            let reading = try TraceReading(path: path)
            #expect(reading.records == Array(RecordedStreams.two[..<9]))
            #expect(reading.cut?.line == 10)
            #expect(
                reading.cut?.description
                    == "the trace is cut at line 10 (it is not a whole JSON object); the 9 lines before it are replayed")
        }
    }

    @Test func aTraceCutBetweenLinesIsWhole() throws {
        let lines = try written(RecordedStreams.two).split(separator: "\n")
        try withFile(lines[..<9].joined(separator: "\n")) { path in
            let reading = try TraceReading(path: path)
            #expect(reading.records.count == 9 && reading.cut == nil)
        }
    }

    @Test(arguments: [
        (#""duration":2"#, #""duration":0"#, "duration 0.0 is not from"),
        (#""bytes":500000"#, #""bytes":"x""#, "'bytes' is not of its type"),
        (#""moment":"#, #""noment":"#, "'moment' is missing"), (#""price":1000"#, #""price":-1"#, "price -1.0"),
    ]) func aBrokenLineInTheMiddleEndsTheTraceThere(old: String, new: String, reason: String) throws {
        var lines = try written(RecordedStreams.two).split(separator: "\n").map(String.init)
        lines[3] = lines[3].replacingOccurrences(of: old, with: new)
        try withFile(lines.joined(separator: "\n") + "\n") { path in
            let reading = try TraceReading(path: path)
            #expect(reading.records.count == 3)
            #expect(reading.cut?.line == 4 && reading.cut?.reason.contains(reason) == true, "\(reading.cut?.reason ?? "")")
        }
    }

    @Test(arguments: ["", "not json\n", "{}\n"]) func whatIsNoTraceIsRefusedByName(text: String) throws {
        try withFile(text) { path in
            let text = complaint { _ = try TraceReading(path: path) }
            #expect(text.contains(path) && text.contains("no record"), "\(text)")
        }
        #expect(complaint { _ = try TraceReading(path: "/nowhere/trace.jsonl") }.contains("/nowhere/trace.jsonl"))
    }

    @Test func anEndlessLineIsNotReadIntoMemory() throws {
        try withFile(String(repeating: "x", count: 3 << 20)) { path in
            #expect(complaint { _ = try TraceReading(path: path) }.contains("longer than"))
        }
    }

    @Test func moreRecordsThanTheLimitAreCutOff() throws {
        try withFile(try written(RecordedStreams.two)) { path in
            let reading = try TraceReading(path: path, mostRecords: 5)
            #expect(reading.records.count == 5 && reading.cut?.line == 6)
        }
    }

    @Test func theFileStopsAtItsLimit() throws {
        try withFile { path in
            var writer = try TraceWriter(path: path, largest: 500)
            try writer.write(RecordedStreams.two[0])
            try writer.write(RecordedStreams.two[1])
            #expect(complaint { try writer.write(RecordedStreams.two[2]) }.contains("500 bytes"))
            try writer.close()
            #expect(try TraceReading(path: path).records.count == 2)
        }
        #expect(complaint { _ = try TraceWriter(path: "/nowhere/trace.jsonl") }.contains("/nowhere/trace.jsonl"))
    }

    @Test(arguments: [
        (SegmentFailure.Reason.busy, "OrchestratorBusy", TraceRecord.Failure.busy), (.busy, "OrchestratorCapped", .capped),
        (.unreachable, "", .unreachable), (.cancelled, "", .cancelled),
    ]) func failuresAreToldApart(reason: SegmentFailure.Reason, detail: String, failure: TraceRecord.Failure) {
        #expect(TraceRecord.Failure(SegmentFailure(reason, detail)) == failure)
    }
}

import Foundation
import SluiceTypes
import Testing

@testable import SluiceWire

/// Forms as they were recorded (captures/byoc.json, byoc-wire.json).
@Suite struct StreamJobFormsTests {
    private func status(_ job: StreamJob, outputs: [String] = []) throws -> LiveVideoStatus {
        LiveVideoStatus(
            source: try #require(StreamID("s1-cap1")), output: try #require(StreamID("s1-cap1-out")),
            request: LiveVideoRequest(
                order: LiveVideoOrder(model: "pt-passthrough", streamID: "s1-cap1", outputs: outputs, job: job), request: "91cdd621"))
    }

    @Test func theRecordedStartIsRead() throws {
        let body = #"{"stream_name": "s1", "stream_id": "cap1", "params": "{\"width\": 320, \"height\": 180}"}"#
        let start = try StreamJobForms.start(body.utf8, random: "r")
        #expect(start.stream.rawValue == "s1-cap1" && start.outputs.isEmpty)
        let sent = try JSONTree(parsing: try StreamJobForms.workerStart(start.parameters).utf8)
        #expect(sent["params"]?["width"]?.integer == 320 && sent["params"]?["height"]?.integer == 180)
    }

    @Test(arguments: [
        (#"{"stream_name":"s"}"#, "s-r"), (#"{"stream_id":"a"}"#, "a"), ("{}", "r"),
        (#"{"stream_name":"s","stream_id":"b_c.d"}"#, "s-b_c.d"),
    ]) func namesAreMadeOfBothParts(body: String, name: String) throws {
        #expect(try StreamJobForms.start(body.utf8, random: "r").stream.rawValue == name)
    }

    @Test func outputsStandBetweenCommas() throws {
        let start = try StreamJobForms.start(#"{"rtmp_output":"rtmp://a/live/x, rtmp://b/live/y"}"#.utf8, random: "r")
        #expect(start.outputs == ["rtmp://a/live/x", "rtmp://b/live/y"])
    }

    @Test(arguments: [
        ("[]", "is a JSON object"), ("{", "no JSON"), (#"{"stream_name":"a/b"}"#, "'a/b-r'"), (#"{"stream_name":7}"#, "stream_name: text"),
        (#"{"params":"[1]"}"#, "params: a JSON object"), (#"{"params":"{"}"#, "params: text that holds JSON"),
        (#"{"stream_name":"\#(String(repeating: "x", count: 130))"}"#, "128 at most"),
    ]) func whatIsWrongIsSaid(body: String, words: String) throws {
        let fault = #expect(throws: JSONFault.self) { try StreamJobForms.start(body.utf8, random: "r") }
        #expect(fault?.description.contains(words) == true, "\(String(describing: fault))")
    }

    /// The reference's keys, in its order.
    @Test func theAnswerIsTheReferences() throws {
        let places = StreamJobForms.Places(http: "http://gw:9935", rtmp: "rtmp://gw:1935")
        let all = StreamJob(timeout: 60, takesVideo: true, makesVideo: true, saysData: true)
        let answer = StreamJobForms.started(try status(all, outputs: ["rtmp://a/x", "rtmp://b/y"]), places)
        let recorded = [
            "stream_id", "whip_url", "whep_url", "rtmp_url", "rtmp_output_url", "update_url", "status_url", "data_url", "stop_url",
        ]
        guard case .object(let members) = answer else { throw JSONFault("no object") }
        #expect(members.prefix(recorded.count).map(\.key) == recorded)
        #expect(answer["rtmp_url"] == "rtmp://gw:1935/live/s1-cap1" && answer["rtmp_output_url"] == "rtmp://a/x,rtmp://b/y")
        #expect(answer["stop_url"] == "http://gw:9935/process/stream/s1-cap1/stop")
        let none = StreamJobForms.started(try status(StreamJob(timeout: 60, takesVideo: false, makesVideo: false)), places)
        #expect(none["rtmp_url"] == "" && none["data_url"] == "" && none["rtmp_output_url"] == "" && none["hls_url"] == nil)
    }

    @Test func theStatusIsFlatWithTheReferencesKeys() throws {
        var status = try status(StreamJob(timeout: 60))
        status.orchestrator = OrchestratorID("https://127.0.0.1:8945")
        status.events["status"] = #"{"state":"ONLINE","fps":30}"#
        let report = StreamJobForms.report(status)
        #expect(report["orchestrator"] == "https://127.0.0.1:8945" && report["whep_url"] == "" && report["state"] == "ONLINE")
        #expect(report["error"] == nil)
        status.fail("gone")
        #expect(StreamJobForms.report(status)["error"]?["error_message"] == "gone")
    }

    /// Whatever the reference writes is in ours, under the same names (byoc-wire.json, "livepeer decoded").
    @Test func theJobHeaderIsTheReferences() throws {
        let text = JobHeader.text(id: "s1-cap1", request: "{}", parameters: "{\"a\":1}", capability: "pt-passthrough", timeout: 60)
        let tree = try JSONTree(parsing: try #require(Data(base64Encoded: text)))
        guard case .object(let members) = tree else { throw JSONFault("no object") }
        #expect(
            Set(members.map(\.key)) == [
                "id", "request", "parameters", "capability", "capability_url", "sender", "sig", "timeout_seconds", "OrchSearchTimeout",
                "OrchSearchRespTimeout",
            ])
        let read = try JobHeader(text)
        #expect(read.id == "s1-cap1" && read.capability == "pt-passthrough" && read.timeout == 60 && read.parameters == "{\"a\":1}")
        #expect(CapabilityForm.sender(JobHeader.senderText)?.address == JobHeader.sender)
    }
}

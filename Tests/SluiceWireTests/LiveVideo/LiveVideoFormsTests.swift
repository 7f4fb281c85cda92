import SluiceProto
import SluiceTypes
import SwiftProtobuf
import Testing

@testable import SluiceWire

@Suite struct LiveVideoFormsTests {
    /// What the operator's webhook says goes before what the publisher asks.
    @Test func aGrantGoesBeforeTheQuery() throws {
        let asked = try LiveVideoOrder(query: "pipeline=noop&params=%7B%22a%22%3A1%7D&rtmpOutput=rtmp%3A%2F%2Fa%2Flive%2Fx")
        #expect(asked?.outputs == ["rtmp://a/live/x"])
        let grant = LiveVideoGrant(model: "tint", streamID: "s", pipelineID: "p", outputs: ["rtmp://b/live/y"])
        let order = try #require(LiveVideoOrder.combined(asked, grant))
        #expect(order.model == "tint" && order.parameters == #"{"a":1}"# && order.streamID == "s" && order.outputs == ["rtmp://b/live/y"])
        #expect(LiveVideoOrder.combined(nil, LiveVideoGrant(streamID: "s")) == nil)
        #expect(LiveVideoOrder.combined(asked, nil) == asked)
    }

    @Test func aQueryNamesAModelAndItsParameters() throws {
        let order = try #require(
            try LiveVideoOrder(query: "pipeline=noop&params=%7B%22strength%22%3A0.5%7D&streamId=s%201&orchestrator=gpu-7"))
        #expect(order.model == "noop" && order.parameters == "{\"strength\":0.5}")
        #expect(order.streamID == "s 1" && order.orchestrator == "gpu-7")
        #expect(try LiveVideoOrder(query: "token=abc&pipeline=") == nil)
        #expect(try LiveVideoOrder(query: "") == nil)
        #expect(try LiveVideoOrder(query: "pipeline=noop&params=")?.parameters == "{}")
    }

    @Test(arguments: ["pipeline=noop&params=7", "pipeline=noop&params=%7B", "pipeline=noop&params=[1]"])
    func parametersThatAreNoObjectAreRefused(query: String) {
        #expect(throws: JSONFault.self) { try LiveVideoOrder(query: query) }
    }

    @Test func aStartCallIsReadAsItIsWritten() throws {
        let request = LiveVideoRequest(
            order: LiveVideoOrder(model: "noop", parameters: "{\"a\":[1,2]}", streamID: "s"), request: "a1b2c3d4")
        #expect(try LiveVideoForms.request(try LiveVideoForms.start(request).utf8) == request)
    }

    @Test(arguments: [
        ("{}", "model_id is missing"), ("[]", "a start call is a JSON object"), ("{\"model_id\":\"\"}", "model_id is missing"),
        ("{\"model_id\":\"noop\",\"params\":3}", "params is no object"), ("{", "the body is no JSON"),
    ])
    func aStartCallThatIsNoneSaysWhy(body: String, reason: String) {
        let fault = #expect(throws: JSONFault.self) { try LiveVideoForms.request(body.utf8) }
        #expect(fault?.description.hasPrefix(reason) == true, "\(fault?.description ?? "")")
    }

    /// A worker reads what the gateway publishes (specs/live-ai-protocol §4.2); pytrickle refuses a start without a request's name.
    @Test func aWorkerIsToldWhereItsChannelsAre() throws {
        let urls = LiveVideoURLs(base: "https://o:8935/ai/trickle/", manifest: "m")
        let order = LiveVideoOrder(model: "noop", parameters: "{\"x\":1}")
        let tree = try JSONTree(
            parsing: try LiveVideoForms.workerStart(LiveVideoRequest(order: order, request: ""), manifest: "m", urls).utf8)
        #expect(tree["subscribe_url"]?.string == "https://o:8935/ai/trickle/m")
        #expect(tree["publish_url"]?.string == "https://o:8935/ai/trickle/m-out")
        #expect(tree["control_url"]?.string == "https://o:8935/ai/trickle/m-control")
        #expect(tree["events_url"]?.string == "https://o:8935/ai/trickle/m-events")
        #expect(tree["gateway_request_id"]?.string == "m" && tree["params"]?["x"]?.integer == 1)
    }

    @Test func anAnswerIsReadAndPathsAreTheOrchestratorsOwn() throws {
        let urls = LiveVideoURLs(base: "https://o:8935/ai/trickle/", manifest: "m")
        #expect(try LiveVideoURLs(answer: urls.answer(manifest: "m").utf8, from: "https://other") == urls)
        let short = #"{"publish_url":"/a","subscribe_url":"/b","control_url":"https://c/d"}"#
        let read = try LiveVideoURLs(answer: short.utf8, from: "https://o:1")
        #expect(read.input == "https://o:1/a" && read.output == "https://o:1/b" && read.control == "https://c/d" && read.events.isEmpty)
        let fault = #expect(throws: JSONFault.self) {
            try LiveVideoURLs(answer: #"{"publish_url":"/a","subscribe_url":"/b"}"#.utf8, from: "https://o")
        }
        #expect(fault?.description == "the answer has no control_url")
    }

    /// What go-livepeer answers that serves the model `noop` (captures/orch-info-live-ai.json, getorchestrator-ai).
    private static let recorded = """
        00000001550a1668747470733a2f2f3132372e302e302e313a38393435221400000000000000000000000000000000000000002af0010a06ffbf89ff\
        df031a04080e10011a04080b10011a04081810011a04082210011a04080910011a04081610011a04080010011a04081110011a04081a10011a04081e\
        10011a04081910011a04081d10011a04080c10011a04080410011a04082410011a04080a10011a04081b10011a04082310011a04082010011a040805\
        10011a04081510011a04081710011a04080310011a04081c10011a04080810011a04080110011a04080210011a04080710011a04081f10011a040806\
        1001221e302e392e312d31373661613431352d736372617463682d62796f636f66662a1212100823120c0a0a0a046e6f6f701202080132320a20e14c\
        28cbf9c01fb08e8ced4e4de5210c59ff81ba7c111436817cb7169a4241451208313937366635393618c7e491d806
        """

    @Test func theModelsOfARecordedOrchestratorAreFound() throws {
        var bytes: [UInt8] = []
        var rest = Self.recorded[...]
        while let pair = UInt8(rest.prefix(2), radix: 16) {
            bytes.append(pair)
            rest = rest.dropFirst(2)
        }
        // Behind the head of a gRPC frame.
        let information = try Net_OrchestratorInfo(serializedBytes: Array(bytes.dropFirst(5)))
        #expect(LiveVideoCapability.models(of: information.capabilities) == ["noop"])
        // What we would ask of it is what it offers.
        #expect(CapabilityMatch.allows(LiveVideoCapability.job(model: "noop"), offer: information.capabilities))
        #expect(!CapabilityMatch.allows(LiveVideoCapability.job(model: "other"), offer: information.capabilities))
    }

    @Test func anOfferSaysWhatIsFree() {
        var offer = CapabilitySet.networkDefault.offerMessage(version: "1.0.0")
        LiveVideoCapability.add([.init(name: "tint", capacity: 3, used: 1)], to: &offer)
        #expect(LiveVideoCapability.models(of: offer) == ["tint"])
        #expect(offer.constraints.perCapability[35]?.models["tint"]?.capacity == 2)
        #expect(CapabilityMatch.allows(LiveVideoCapability.job(model: "tint"), offer: offer))
        #expect(LiveVideoCapability.wanted(LiveVideoCapability.job(model: "tint")) == ["tint"])
    }

    @Test func aReportHasTheWorkersWordsAndOurs() {
        var status = LiveVideoStatus(
            source: StreamID("cam") ?? { fatalError("a legal name") }(), output: StreamID("cam-out") ?? { fatalError("a legal name") }(),
            request: LiveVideoRequest(order: LiveVideoOrder(model: "noop", streamID: "s"), request: "r"))
        status.phase = .online
        status.events = ["status": #"{"state":"DEGRADED_INFERENCE","input_status":{"fps":24.5}}"#, "heartbeat": #"{"n":1}"#]
        status.fail("gone")
        let report = LiveVideoForms.report(status)
        #expect(report["state"]?.string == "DEGRADED_INFERENCE" && report["input_status"]?["fps"]?.double == 24.5)
        #expect(report["stream_id"]?.string == "s" && report["request_id"]?.string == "r")
        #expect(report["gateway_status"]?["error"]?["error_message"]?.string == "gone")
        #expect(report["gateway_status"]?["events"]?["heartbeat"]?["n"]?.integer == 1)
        #expect(report["gateway_status"]?["events"]?["status"] == nil)
    }
}

import HTTPTypes
import SluiceTypes
import Testing

@testable import SluiceNetwork

@Suite struct ViewerDoorTests {
    private struct Gate: ViewerGate {
        let verdict: ViewVerdict
        func known(_ request: ViewRequest) -> ViewVerdict? { verdict }
        func ask(_ request: ViewRequest) async -> ViewVerdict { verdict }
    }

    @Test(arguments: [
        (ViewVerdict.unknown("x"), HTTPResponse.Status.unauthorized), (.denied("x"), .forbidden), (.busy("x"), .serviceUnavailable),
    ])
    func eachNoHasItsStatus(_ verdict: ViewVerdict, _ status: HTTPResponse.Status) throws {
        let head = HTTPRequest(method: .get, scheme: "http", authority: "gateway", path: "/stream/cam.m3u8")
        guard case .answered(let answered, let fields, "x") = ViewerDoor(Gate(verdict: verdict)).enter(head, from: "192.0.2.1") else {
            Issue.record("let in")
            return
        }
        #expect(answered == status)
        #expect((fields[.retryAfter] != nil) == (status == .serviceUnavailable))
    }
}

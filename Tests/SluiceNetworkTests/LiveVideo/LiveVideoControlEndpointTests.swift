import HTTPTypes
import NIOCore
import SluiceTypes
import Synchronization
import Testing

@testable import SluiceNetwork

@Suite struct LiveVideoControlEndpointTests {
    /// One stream, whose publisher shows a token.
    private final class Control: LiveVideoControl {
        let done = Mutex<[String]>([])

        func liveVideo(_ name: String) -> LiveVideoStatus? {
            guard name == "cam", let source = StreamID("cam"), let output = StreamID("cam-out") else { return nil }
            return LiveVideoStatus(
                source: source, output: output, request: LiveVideoRequest(order: LiveVideoOrder(model: "m"), request: "r"))
        }

        func confirm(liveVideo name: String, token: String?) async throws(PublishRefusal) {
            guard liveVideo(name) != nil else { return }
            guard token == "right" else { throw .denied("a token is needed to publish") }
        }

        func update(liveVideo name: String, parameters: String) async throws -> Bool {
            done.withLock { $0.append("update") }
            return true
        }

        func stop(liveVideo name: String) -> Bool {
            guard liveVideo(name) != nil else { return false }
            done.withLock { $0.append("stop") }
            return true
        }
    }

    private static let path = "/live/video-to-video/cam"
    private let control = Control()

    private func answer(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:], body: String = ""
    ) async throws -> RecordedAnswer {
        try await .of(LiveVideoControlEndpoint(control), method, path, headers: headers, body: [ByteBuffer(string: body)])
    }

    @Test func whoChangesOrEndsTheWorkShowsAPublishersToken() async throws {
        for token in [[:], [.authorization: "Bearer wrong"]] as [HTTPFields] {
            let update = try await answer(.post, Self.path + "/update", token, body: "{}")
            #expect(update.status == .forbidden && update.text == "a token is needed to publish\n")
            #expect(try await answer(.delete, Self.path, token).status == .forbidden)
        }
        #expect(control.done.withLock { $0.isEmpty })
        #expect(try await answer(.post, Self.path + "/update?token=right", body: "{}").status == .ok)
        #expect(try await answer(.delete, Self.path, [.authorization: "Bearer right"]).status == .noContent)
        #expect(control.done.withLock { $0 } == ["update", "stop"])
        #expect(try await answer(.get, Self.path + "/status").status == .ok, "a look needs none")
        #expect(try await answer(.delete, "/live/video-to-video/nosuch").status == .notFound)
    }

    /// A page may send plain text anywhere without asking.
    @Test(
        arguments: [
            ("https://evil.example", nil, false), (nil, "cross-site", false), (nil, "same-site", false), ("null", nil, false),
            ("http://gateway", nil, true), ("http://gateway", "same-origin", true), (nil, "none", true),
        ] as [(String?, String?, Bool)])
    func pagesOfOtherSitesMayNot(_ origin: String?, _ site: String?, _ isTaken: Bool) async throws {
        var headers: HTTPFields = [:]
        (headers[.origin], headers[.secFetchSite]) = (origin, site)
        (headers[.contentType], headers[.authorization]) = ("text/plain", "Bearer right")
        #expect(try await answer(.post, Self.path + "/update", headers, body: "{}").status == (isTaken ? .ok : .forbidden))
        #expect(try await answer(.delete, Self.path, headers).status == (isTaken ? .noContent : .forbidden))
    }
}

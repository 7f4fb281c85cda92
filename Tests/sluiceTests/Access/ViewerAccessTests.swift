import NIOPosix
import SluiceNetwork
import SluiceTypes
import Testing

@testable import sluice

@Suite struct ViewerAccessTests {
    /// Nobody is asked about it, and nothing of it is remembered.
    @Test func aTokenOfAnyLengthIsNotKept() async throws {
        let nowhere = try AuthWebhook(
            url: try #require(RemoteURL("http://127.0.0.1:1/")), timeout: .seconds(5), group: MultiThreadedEventLoopGroup.singleton,
            duration: AuthWebhook.durations(in: MetricRegistry()))
        let viewers = WebhookViewers(nowhere, memory: .seconds(60))
        func request(_ length: Int) throws -> ViewRequest {
            ViewRequest(
                stream: try #require(StreamID("cam")), token: String(repeating: "t", count: length), remoteAddress: "192.0.2.1", url: "u")
        }
        let (long, short) = (try request(4097), try request(4096))
        #expect(await viewers.ask(long) == .denied("a token has 4096 bytes at most"))
        #expect(viewers.known(long) == nil)
        #expect(await viewers.ask(short).reason?.contains("did not answer") == true)
        #expect(viewers.known(short) != nil)
        await nowhere.close()
    }
}

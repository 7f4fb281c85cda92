import Foundation
import SluiceMarket
import SluiceTypes
import Testing

@testable import sluice

@Suite struct DiscoveryAnswerTests {
    private func read(_ text: String) throws -> DiscoveryAnswer { try DiscoveryAnswer(Data(text.utf8)) }

    @Test func theReferencesWebhookIsUnderstood() throws {
        let answer = try read(
            #"[{"address":"https://one:8935","score":1.0},{"address":"two:8935","score":0},{"address":"https://three:8935"}]"#)
        #expect(answer.listings.map(\.id.rawValue) == ["https://one:8935", "https://two:8935", "https://three:8935"])
        #expect(answer.listings.map(\.trust) == [1, 0, nil] && answer.leftOut == 0)
    }

    @Test func theSignersListBringsCapabilitiesAndRunners() throws {
        let answer = try read(
            #"""
            [{"address":"https://one:8935","score":1,"capabilities":["live-video-to-video/noop"],"runners":[
              {"url":"https://one:8935/apps/a/session","app":"live-video-to-video/scope","version":"0.2","capacity":2,"capacity_available":1,
               "price_info":{"price":12345,"currency":"wei","unit":"seconds"}},
              {"app":"live-video-to-video/scope","capacity":3,"capacity_available":3,"price_info":{"price":12000,"currency":"wei","unit":"seconds"}}]}]
            """#)
        let offers = try #require(answer.listings.first).offers
        #expect(
            offers.map(\.pipeline) == ["live-video-to-video", "live-video-to-video"] && offers.map(\.model?.name) == ["noop", "scope"])
        let scope = try #require(offers.last)
        #expect(scope.unit == .second && scope.price?.weiPerPixel == 12000 && scope.headroom == Headroom(free: 4, total: 5))
        #expect(scope.model?.version == "0.2")
    }

    @Test(arguments: [
        #"[{"address":"https://one:8935","score":-1}]"#, #"[{"address":"https://one:8935","score":"high"}]"#, #"[{"address":7}]"#, #"[{}]"#,
        "[17]", #"[{"address":"not an address at all"}]"#,
        #"[{"address":"https://one:8935","runners":[{"app":"a/b","price_info":{"price":-5,"currency":"wei","unit":"seconds"}}]}]"#,
        #"[{"address":"https://one:8935","runners":[{"app":"a/b","price_info":{"price":5,"currency":"shells","unit":"seconds"}}]}]"#,
    ])
    func anEntryThatIsNoGoodIsLeftOutAndSaid(entry: String) throws {
        let answer = try read(String(entry.dropLast()) + #",{"address":"https://good:8935"}]"#)
        #expect(answer.listings.map(\.id.rawValue) == ["https://good:8935"])
        #expect(answer.leftOut == 1 && answer.complaints.count == 1)
    }

    @Test(arguments: ["<html><body>hello</body></html>", "", "{}", "null", "\"text\""])
    func whatIsNoListIsRefusedWithItsBeginning(text: String) {
        #expect(throws: DiscoveryAnswer.Unreadable.self) { try read(text) }
    }
}

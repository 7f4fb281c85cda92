import Testing

@testable import SluiceSimulation

@Suite struct SharedLinkTests {
    private func transfer(_ number: Int32, _ place: UInt8 = 0) -> SharedLink.Transfer { .init(attempt: number, place: place) }

    @Test func aloneATransferHasTheWholeRate() {
        var link = SharedLink(bitsPerSecond: 1e9)
        link.start(transfer(1), bits: 100, at: 50)
        #expect(link.nextFinish == 150)
        #expect(link.takeFinished(at: 140) == nil)
        #expect(link.takeFinished(at: 150) == transfer(1))
        #expect(link.takeFinished(at: 150) == nil)
        #expect(link.nextFinish == nil)
    }

    @Test func transfersShareEqually() {
        var link = SharedLink(bitsPerSecond: 1e9)
        link.start(transfer(1), bits: 100, at: 0)
        link.start(transfer(2), bits: 100, at: 50)
        // 50 bits of the first alone, 50 of each together, 50 of the second alone.
        #expect(link.nextFinish == 150)
        #expect(link.takeFinished(at: 150) == transfer(1))
        #expect(link.nextFinish == 200)
        #expect(link.takeFinished(at: 200) == transfer(2))
    }

    @Test func whatIsDroppedLeavesItsShareToTheRest() {
        var link = SharedLink(bitsPerSecond: 1e9)
        link.start(transfer(1, 0), bits: 100, at: 0)
        link.start(transfer(1, 1), bits: 100, at: 0)
        link.start(transfer(2), bits: 100, at: 0)
        link.drop(attempt: 1, at: 60)
        #expect(link.count == 1)
        #expect(link.nextFinish == 140)
    }
}

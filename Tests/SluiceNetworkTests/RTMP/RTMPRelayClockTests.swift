import Testing

@testable import SluiceNetwork

@Suite struct RTMPRelayClockTests {
    @Test func `one publisher's times are its own`() {
        var clock = RTMPRelayClock()
        #expect([0, 40, 20, UInt32.max, 10].map { clock.time(of: $0, isHeader: false) } == [0, 40, 20, UInt32.max, 10])
    }

    @Test(arguments: [(0, 5000), (90_000, 5000), (.max - 10, 5000), (0, .max - 20)] as [(UInt32, UInt32)])
    func `the next goes on where the last one was, whatever its clock says`(first: UInt32, last: UInt32) {
        var clock = RTMPRelayClock()
        _ = clock.time(of: 77, isHeader: true)
        _ = clock.time(of: last, isHeader: false)
        // A picture that is shown late does not set the time back.
        _ = clock.time(of: last &- 30, isHeader: false)
        clock.change()
        #expect(clock.time(of: 0, isHeader: true) == last)
        #expect(clock.time(of: first, isHeader: false) == last &+ 40)
        #expect(clock.time(of: 0, isHeader: true) == last &+ 40)
        #expect(clock.time(of: first &+ 33, isHeader: false) == last &+ 73)
    }

    @Test func `a change before anything came changes nothing`() {
        var clock = RTMPRelayClock()
        clock.change()
        #expect(clock.time(of: 1234, isHeader: false) == 1234)
    }
}

import NIOCore
import Testing

@testable import SluiceNetwork

@Suite struct RTMPAdmissionTests {
    @Test func `the house has a limit, and so has each address`() {
        var admission = RTMPAdmission(most: 3, mostPerAddress: 2)
        #expect(admission.enter("a") == nil)
        #expect(admission.enter("a") == nil)
        #expect(admission.enter("a") == .tooManyOfAddress(limit: 2))
        #expect(admission.enter("b") == nil)
        #expect(admission.enter("c") == .full(limit: 3))
        admission.leave("a")
        #expect(admission.enter("c") == nil)
        #expect(admission.count == 3)
        admission.leave("nobody")
        #expect(admission.count == 3)
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"), ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
    ])
    func `of IPv6 a whole network counts as one address`(address: String, household: String) throws {
        #expect(RTMPAdmission.household(of: try SocketAddress(ipAddress: address, port: 1)) == household)
    }
}

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
}

import SluiceTypes
import Testing

@Suite struct OwedSecondsTests {
    @Test func begunOnesAreOwedWholeAndOnce() {
        var owed = OwedSeconds()
        let due = [0.0, 0.2, 0.9, 1.0, 1.1, 30.5, 30.9, 20].map { owed.due(after: $0) }
        #expect(due == [0, 1, 0, 0, 1, 29, 0, 0])
    }

    @Test func askedOftenOrOnceItIsTheSame() {
        var often = OwedSeconds()
        var once = OwedSeconds()
        let sum = stride(from: 0.0, through: 100.25, by: 0.25).reduce(Int64(0)) { $0 + often.due(after: $1) }
        #expect(sum == 101 && once.due(after: 100.25) == 101)
    }
}

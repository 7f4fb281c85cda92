import Testing

@testable import SluiceMarket

@Suite struct StreamNamesTests {
    @Test func soManyAnHourAndTheOthersTogether() {
        var names = StreamNames(most: 3)
        let booked = ["a", "b", "a", "c", "d", "b", "e"].map { names.booked($0, at: 100) }
        #expect(booked == ["a", "b", "a", "c", "(others)", "b", "(others)"])
        #expect(names.booked("d", at: 3599) == "(others)")
        #expect(names.booked("d", at: 3600) == "d")
    }
}

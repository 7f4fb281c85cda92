import NIOCore
import SluiceWire
import Testing

@Suite struct AMF0Tests {
    @Test func `values survive the round trip`() throws {
        let values: [AMF0] = [
            .string("connect"), .number(1), .boolean(true), .null,
            .object([.init("app", .string("live")), .init("inner", .object([.init("é", .number(-0.5))]))]),
        ]
        var bytes = ByteBuffer()
        for value in values { value.encode(into: &bytes) }
        #expect(try AMF0.decodeAll(&bytes) == values)
    }

    @Test(
        arguments: [
            ([0], "AMF at byte 1: a number is cut off"),
            ([2, 0, 5, 65], "AMF at byte 3: a string is cut off"),
            ([12, 0xff, 0xff, 0xff, 0xff], "AMF at byte 5: a long string is cut off"),
            ([3, 0, 1, 65], "AMF at byte 4: a value is missing"),
            ([3], "AMF at byte 1: an object has no end"),
            ([10, 0xff, 0xff, 0xff, 0xff], "AMF at byte 5: an array of 4294967295"),
            ([5, 99], "AMF at byte 2: type 99 is not known"),
        ] as [([UInt8], String)])
    func `bad input is named with its place`(bytes: [UInt8], what: String) {
        var buffer = ByteBuffer(bytes: bytes)
        let error = #expect(throws: RTMPError.self) { try AMF0.decodeAll(&buffer) }
        #expect(error?.what == what)
    }

    @Test(arguments: [[3, 0, 1, 65], [10, 0, 0, 0, 1]] as [[UInt8]])
    func `a thousand levels are refused, and cost no stack`(level: [UInt8]) {
        var buffer = ByteBuffer(bytes: (0..<1000).flatMap { _ in level })
        let error = #expect(throws: RTMPError.self) { try AMF0.decodeAll(&buffer) }
        #expect(error?.what.hasSuffix("nested deeper than 32") == true)
    }

    @Test func `too many values are refused`() {
        var buffer = ByteBuffer(repeating: 5, count: 5000)
        #expect(throws: RTMPError.self) { try AMF0.decodeAll(&buffer) }
    }
}

import NIOCore
import SluiceTypes
import Testing

@testable import SluiceNetwork

@Suite struct RenditionStoreTests {
    private let a = SessionID("a")
    private let b = SessionID("b")

    private func put(_ size: Int, _ session: SessionID, _ file: String, name: String = "p", in store: RenditionStore) {
        store.put(ByteBuffer(repeating: 1, count: size), session: session, name: name, file: file)
    }

    @Test func ofEachRenditionTheLastTwelveAreKept() {
        let store = RenditionStore()
        for number in 0..<20 { put(1, a, "\(number).ts", in: store) }
        put(1, a, "0.ts", name: "q", in: store)
        put(1, b, "0.ts", in: store)
        let kept = (0..<20).filter { store.find(session: a, name: "p", file: "\($0).ts") != nil }
        #expect(kept == Array(8..<20))
        #expect(store.find(session: a, name: "q", file: "0.ts") != nil)
        #expect(store.find(session: b, name: "p", file: "0.ts") != nil)
        #expect(store.size == 14)
    }

    @Test func pastItsBytesTheOldestLeaveWhoeverTheirSessionIs() {
        let store = RenditionStore(byteLimit: 10)
        put(4, a, "0.ts", in: store)
        put(4, b, "0.ts", in: store)
        put(3, a, "1.ts", in: store)
        #expect(store.find(session: a, name: "p", file: "0.ts") == nil)
        #expect(store.find(session: b, name: "p", file: "0.ts") != nil)
        #expect(store.size == 7)
    }

    @Test func whatIsLargerThanTheStoreIsNotKept() {
        let store = RenditionStore(byteLimit: 10)
        put(11, a, "0.ts", in: store)
        #expect(store.size == 0)
        #expect(store.find(session: a, name: "p", file: "0.ts") == nil)
    }

    @Test func theSameFileAgainReplacesTheFirst() {
        let store = RenditionStore()
        put(4, a, "0.ts", in: store)
        put(6, a, "0.ts", in: store)
        #expect(store.size == 6)
        #expect(store.find(session: a, name: "p", file: "0.ts")?.readableBytes == 6)
    }

    @Test func aSessionTakesItsOwnAlong() {
        let store = RenditionStore()
        put(4, a, "0.ts", in: store)
        put(6, b, "0.ts", in: store)
        store.drop(a)
        #expect(store.size == 6)
        #expect(store.find(session: b, name: "p", file: "0.ts") != nil)
    }
}

import SluiceMarket
import SluiceTypes
import Testing

@testable import sluice

@Suite struct QuotaBookTests {
    private static let noon: Int64 = 1_800_000_000 - 1_800_000_000 % 86_400 + 43_200
    private let small = TranscodeProfile(name: "small", width: 100, height: 100, bitrate: 1000, frameRate: Rational(30, 1))
    private let passing = TranscodeProfile(name: "passing", width: 100, height: 100, bitrate: 1000)

    private func book(_ change: (inout TenantQuota) -> Void) -> QuotaBook {
        var quota = TenantQuota()
        change(&quota)
        return QuotaBook(tenants: [
            TenantSettings(name: "acme", prefixes: [], keys: [], serviceLevel: .none, quota: quota),
            TenantSettings(name: "free", prefixes: [], keys: [], serviceLevel: .none),
        ])
    }

    private func id(_ name: String) throws -> StreamID { try #require(StreamID(name)) }

    private func refusal(_ book: QuotaBook, _ stream: StreamID, _ profiles: [TranscodeProfile], of tenant: String? = "acme") -> String? {
        do {
            book.open(try book.admit(stream, of: tenant, profiles, at: Self.noon))
            return nil
        } catch { return "\(error)" }
    }

    private func booking(_ wei: Int64, at time: Int64 = noon, of tenant: String = "acme") -> Booking {
        Booking(
            tenant: tenant, stream: "a", orchestrator: "o", capability: "transcode", kind: .primary, unit: .pixel, units: wei,
            milliseconds: 1000, price: Price(pricePerUnit: 1, pixelsPerUnit: 1), at: time)
    }

    @Test func streamsAreCountedFromTheAskingToTheEnd() throws {
        let book = book { $0.streams = 2 }
        let waiting = try book.admit(id("one"), of: "acme", [], at: Self.noon)
        #expect(refusal(book, try id("two"), []) == nil)
        #expect(refusal(book, try id("three"), []) == "tenant 'acme' has its 2 live streams")
        #expect(refusal(book, try id("two"), []) == nil, "one that comes back has its place")
        #expect(refusal(book, try id("three"), [], of: "free") == nil)
        #expect(refusal(book, try id("four"), [], of: nil) == nil)
        book.abandon(waiting)
        #expect(refusal(book, try id("three"), []) == nil)
        book.ended(try id("two"))
        #expect(refusal(book, try id("four"), []) == nil)
        #expect(book.use(of: "acme", at: Self.noon).streams == 2)
    }

    @Test func renditionsAndPixelsAreCountedAsAskedFor() throws {
        let book = book {
            $0.renditions = 2
            $0.pixelsPerSecond = 1_000_000
        }
        #expect(TenantQuota.pixels(of: [small, passing]) == 300_000 + 600_000)
        #expect(
            refusal(book, try id("one"), [small, small, small])?.contains("may have 2 renditions of a stream, and 3 are asked for") == true)
        #expect(refusal(book, try id("one"), [small, passing]) == nil)
        #expect(
            refusal(book, try id("two"), [small])
                == "tenant 'acme' may have 1000000 pixels per second; it has 900000, and 300000 more are asked for")
        #expect(book.change(try id("one"), to: [small], at: Self.noon) == nil)
        #expect(refusal(book, try id("two"), [small]) == nil)
        #expect(book.change(try id("one"), to: [passing, small], at: Self.noon)?.contains("it has 300000") == true)
        #expect(book.use(of: "acme", at: Self.noon).pixelsPerSecond == 600_000, "nothing of what was refused")
    }

    @Test func whenTheMoneyIsSpentRenditionsStopUntilMidnight() throws {
        let book = book { $0.weiPerDay = 100 }
        #expect(refusal(book, try id("a"), [small]) == nil)
        book.booked([booking(99), booking(1000, of: "free"), booking(1000, of: "")])
        #expect(book.look(at: Self.noon) == [])
        book.booked([booking(1)])
        #expect(book.look(at: Self.noon) == [.suspend(try id("a"))])
        #expect(book.look(at: Self.noon + 1) == [], "told once")
        #expect(refusal(book, try id("b"), [small])?.contains("has spent its 100 wei of today; it begins anew in 43200 s") == true)
        #expect(refusal(book, try id("source-alone"), []) == nil, "that costs nothing")
        let midnight = QuotaBook.dayEnd(after: Self.noon)
        #expect(book.look(at: midnight - 1) == [.suspend(try id("source-alone"))], "a model may be at work on it")
        #expect(Set(book.look(at: midnight)) == [.resume(try id("a")), .resume(try id("source-alone"))])
        book.booked([booking(100, at: Self.noon)])
        #expect(book.look(at: midnight + 1) == [], "yesterday's work is yesterday's")
        book.booked([booking(100, at: midnight + 2)])
        #expect(book.look(at: midnight + 2).contains(.suspend(try id("a"))))
    }

    /// Its publisher was let in before, and its stream is there only now.
    @Test(arguments: [TenantQuota.WhenSpent.renditions, .stream])
    func oneThatWasOnItsWayWhenTheMoneyWasSpentIsToldToo(whenSpent: TenantQuota.WhenSpent) throws {
        let book = book {
            $0.weiPerDay = 100
            $0.whenSpent = whenSpent
        }
        let place = try book.admit(id("a"), of: "acme", [small], at: Self.noon)
        book.booked([booking(100)])
        #expect(book.look(at: Self.noon) == [])
        book.open(place)
        #expect(book.look(at: Self.noon + 1) == [whenSpent == .stream ? .stop(try id("a")) : .suspend(try id("a"))])
        #expect(book.look(at: Self.noon + 2) == [])
    }

    @Test func oneWithoutRenditionsIsNotStoppedForWhatIsSpent() throws {
        let book = book {
            $0.weiPerDay = 100
            $0.whenSpent = .stream
        }
        book.booked([booking(100)])
        #expect(refusal(book, try id("source-alone"), []) == nil)
        #expect(book.look(at: Self.noon) == [.suspend(try id("source-alone"))])
    }

    @Test func whatAStreamHasAfterAllCountsWhetherThereIsRoomOrNot() throws {
        let book = book { $0.pixelsPerSecond = 900_000 }
        #expect(refusal(book, try id("one"), [passing, small]) == nil)
        #expect(book.change(try id("one"), to: [small], at: Self.noon) == nil)
        #expect(refusal(book, try id("two"), [passing]) == nil)
        #expect(book.change(try id("one"), to: [passing, small], at: Self.noon) != nil)
        book.correct(try id("one"), to: [passing, small])
        #expect(book.use(of: "acme", at: Self.noon).pixelsPerSecond == 1_500_000)
    }

    @Test func orTheStreamEnds() throws {
        let book = book {
            $0.weiPerDay = 100
            $0.whenSpent = .stream
        }
        #expect(refusal(book, try id("a"), [small]) == nil)
        book.booked([booking(250)])
        #expect(book.look(at: Self.noon) == [.stop(try id("a"))])
    }

    @Test func whatTheBooksSayOfTodayCountsAfterARestart() throws {
        let book = book { $0.weiPerDay = 100 }
        let line = UsageLine(
            tenant: "acme", kind: .primary, unit: .pixel, price: Price(pricePerUnit: 7, pixelsPerUnit: 2), bookings: 3, units: 29,
            milliseconds: 1)
        book.restore([line], at: Self.noon)
        #expect(book.use(of: "acme", at: Self.noon).spent.description == "101+1/2")
        #expect(refusal(book, try id("a"), [small])?.contains("has spent") == true)
        #expect(book.use(of: "acme", at: QuotaBook.dayEnd(after: Self.noon)).spent.isZero)
    }

    @Test func aHigherLimitHoldsAtOnce() throws {
        let book = book { $0.weiPerDay = 100 }
        #expect(refusal(book, try id("a"), [small]) == nil)
        book.booked([booking(100)])
        #expect(book.look(at: Self.noon) == [.suspend(try id("a"))])
        var more = TenantQuota()
        more.weiPerDay = 200
        book.renew([TenantSettings(name: "acme", prefixes: [], keys: [], serviceLevel: .none, quota: more)])
        #expect(book.look(at: Self.noon) == [.resume(try id("a"))])
    }
}

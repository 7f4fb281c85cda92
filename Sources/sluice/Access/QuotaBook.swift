import SluiceMarket
import SluiceTypes
import Synchronization

/// What tenants have of a gateway now and have spent today, against what they may. Takes the time as an argument; what is to be done to
/// streams it returns.
final class QuotaBook: Sendable {
    /// Room that was given to a publisher, until it is open or has gone.
    struct Place: Hashable, Sendable {
        fileprivate var number: UInt64
        var stream: StreamID
    }

    /// What becomes of streams.
    enum Order: Hashable, Sendable {
        case suspend(StreamID)
        case resume(StreamID)
        case stop(StreamID)
    }

    struct Use: Hashable, Sendable {
        var streams = 0
        var pixelsPerSecond: Int64 = 0
        var spent = WeiSum()
    }

    private struct Holding {
        var tenant: String?
        var pixels: Int64
        /// It was let in when the money was spent already, as it has no renditions.
        var cameSpent = false
        /// It was told that the money is spent.
        var isTold = false
    }

    private struct Account {
        var day: Int64
        var spent = WeiSum()
    }

    private struct State {
        var quotas: [String: TenantQuota]
        var last: UInt64 = 0
        /// Bounded by publishers that are being let in.
        var places: [Place: Holding] = [:]
        /// Bounded by live streams.
        var live: [StreamID: Holding] = [:]
        /// Bounded by the tenants of the settings.
        var accounts: [String: Account] = [:]
    }

    private static let dayLength: Int64 = 86_400

    private let state: Mutex<State>

    init(tenants: [TenantSettings]) { state = Mutex(State(quotas: Self.quotas(tenants))) }

    private static func quotas(_ tenants: [TenantSettings]) -> [String: TenantQuota] {
        Dictionary(tenants.map { ($0.name, $0.quota) }) { first, _ in first }
    }

    /// What holds for those who come from now on, and for today's money.
    func renew(_ tenants: [TenantSettings]) { state.withLock { $0.quotas = Self.quotas(tenants) } }

    /// The first second of the next day, in Unix seconds.
    static func dayEnd(after now: Int64) -> Int64 { (now / dayLength + 1) * dayLength }

    // MARK: Streams

    /// Takes room for a stream, or says what there is too little of.
    func admit(
        _ stream: StreamID, of tenant: String?, _ profiles: [TranscodeProfile], at now: Int64 = Market.now
    ) throws(PublishRefusal) -> Place {
        let pixels = TenantQuota.pixels(of: profiles)
        let result: Result<Place, PublishRefusal> = state.withLock { state in
            if let tenant, let problem = Self.problem(stream, of: tenant, profiles.count, pixels, state, at: now) {
                return .failure(.overQuota(problem))
            }
            state.last += 1
            let place = Place(number: state.last, stream: stream)
            let cameSpent = tenant.map { Self.isSpent($0, state, at: now) } ?? false
            state.places[place] = Holding(tenant: tenant, pixels: pixels, cameSpent: cameSpent)
            return .success(place)
        }
        return try result.get()
    }

    func open(_ place: Place) {
        state.withLock { state in
            if let holding = state.places.removeValue(forKey: place) { state.live[place.stream] = holding }
        }
    }

    func abandon(_ place: Place) { state.withLock { $0.places[place] = nil } }
    func ended(_ stream: StreamID) { state.withLock { $0.live[stream] = nil } }

    /// Takes other renditions for a stream that is live; `nil` where they fit, else what there is too little of.
    func change(_ stream: StreamID, to profiles: [TranscodeProfile], at now: Int64 = Market.now) -> String? {
        let pixels = TenantQuota.pixels(of: profiles)
        return state.withLock { state in
            guard let holding = state.live[stream] else { return nil }
            if let tenant = holding.tenant, let problem = Self.problem(stream, of: tenant, profiles.count, pixels, state, at: now) {
                return problem
            }
            state.live[stream]?.pixels = pixels
            return nil
        }
    }

    /// What a stream has after all, whether there is room for it or not.
    func correct(_ stream: StreamID, to profiles: [TranscodeProfile]) {
        let pixels = TenantQuota.pixels(of: profiles)
        state.withLock { $0.live[stream]?.pixels = pixels }
    }

    private static func problem(
        _ stream: StreamID, of tenant: String, _ renditions: Int, _ pixels: Int64, _ state: borrowing State, at now: Int64
    ) -> String? {
        guard let quota = state.quotas[tenant] else { return nil }
        if let most = quota.renditions, renditions > most {
            return "tenant '\(tenant)' may have \(most) renditions of a stream, and \(renditions) are asked for"
        }
        // A publisher that comes back takes its own place.
        let others = use(of: tenant, state, without: stream, at: now)
        if let most = quota.streams, others.streams >= most {
            return "tenant '\(tenant)' has its \(most) live streams"
        }
        if let most = quota.pixelsPerSecond, others.pixelsPerSecond + pixels > most {
            return
                "tenant '\(tenant)' may have \(most) pixels per second; it has \(others.pixelsPerSecond), and \(pixels) more are asked for"
        }
        if let most = quota.weiPerDay, renditions > 0, others.spent.isAtLeast(most) {
            return "tenant '\(tenant)' has spent its \(most) wei of today; it begins anew in \(dayEnd(after: now) - now) s, at midnight UTC"
        }
        return nil
    }

    private static func use(of tenant: String, _ state: borrowing State, without stream: StreamID? = nil, at now: Int64) -> Use {
        var use = Use()
        for (id, holding) in state.live where holding.tenant == tenant && id != stream {
            use.streams += 1
            use.pixelsPerSecond += holding.pixels
        }
        for (place, holding) in state.places where holding.tenant == tenant && place.stream != stream {
            use.streams += 1
            use.pixelsPerSecond += holding.pixels
        }
        if let account = state.accounts[tenant], account.day == now / dayLength { use.spent = account.spent }
        return use
    }

    func use(of tenant: String, at now: Int64 = Market.now) -> Use { state.withLock { Self.use(of: tenant, $0, at: now) } }

    func quota(of tenant: String) -> TenantQuota { state.withLock { $0.quotas[tenant] ?? .none } }

    // MARK: Money

    /// Counts what is owed for work.
    func booked(_ bookings: [Booking]) {
        state.withLock { state in
            for booking in bookings where state.quotas[booking.tenant] != nil {
                Self.add(booking.fee, to: booking.tenant, day: booking.at / Self.dayLength, &state)
            }
        }
    }

    /// What the books say was spent today before this start.
    func restore(_ lines: [UsageLine], at now: Int64) {
        state.withLock { state in
            for line in lines {
                guard let tenant = line.tenant, state.quotas[tenant] != nil else { continue }
                Self.add(line.fee, to: tenant, day: now / Self.dayLength, &state)
            }
        }
    }

    /// What has become of streams by what was spent, and by a day that began: to be asked once a second.
    func look(at now: Int64) -> [Order] { state.withLock { Self.settle(&$0, at: now) } }

    private static func add(_ fee: WeiSum, to tenant: String, day: Int64, _ state: inout State) {
        var account = state.accounts[tenant] ?? Account(day: day)
        // Work of yesterday that is booked after midnight was not spent today.
        guard day >= account.day else { return }
        if day > account.day { account = Account(day: day) }
        account.spent += fee
        state.accounts[tenant] = account
    }

    private static func isSpent(_ tenant: String, _ state: borrowing State, at now: Int64) -> Bool {
        guard let most = state.quotas[tenant]?.weiPerDay, let account = state.accounts[tenant] else { return false }
        return account.day == now / dayLength && account.spent.isAtLeast(most)
    }

    /// Each stream is told for itself: one that was let in before the money was spent may be open only after.
    private static func settle(_ state: inout State, at now: Int64) -> [Order] {
        var orders: [Order] = []
        for (id, holding) in state.live {
            guard let tenant = holding.tenant else { continue }
            let isOver = isSpent(tenant, state, at: now)
            guard isOver != holding.isTold else { continue }
            state.live[id]?.isTold = isOver
            switch (isOver, state.quotas[tenant]?.whenSpent ?? TenantQuota.none.whenSpent) {
            // One without renditions may be there all the same; what a model makes of it may not.
            case (true, .stream): orders.append(holding.cameSpent ? .suspend(id) : .stop(id))
            case (true, .renditions): orders.append(.suspend(id))
            case (false, _): orders.append(.resume(id))
            }
        }
        return orders
    }
}

extension WeiSum {
    fileprivate func isAtLeast(_ wei: Int128) -> Bool { whole >= wei }
}

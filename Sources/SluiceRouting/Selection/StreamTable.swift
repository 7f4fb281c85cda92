import SluiceTypes

/// The live streams. Each has a place while it lives: a decision looks its name up once and works in place from then on.
struct StreamTable: Sendable {
    /// By place; those at free places are left over.
    var routes: ContiguousArray<StreamRoute> = []
    private var places: [StreamID: Int] = [:]
    private var free: [Int] = []
    /// Whom the last segment was decided for: most of what follows is about the same stream.
    private var latest: (stream: StreamID, place: Int)?

    var count: Int { places.count }

    func place(of stream: StreamID) -> Int? {
        if let latest, latest.stream == stream { return latest.place }
        return places[stream]
    }

    /// - Returns: its place, a new one where it is not live yet.
    mutating func open(_ stream: StreamID, _ level: @autoclosure () -> ServiceLevel) -> Int {
        if let latest, latest.stream == stream { return latest.place }
        let place = places[stream] ?? add(stream, StreamRoute(level: level()))
        latest = (stream, place)
        return place
    }

    private mutating func add(_ stream: StreamID, _ route: StreamRoute) -> Int {
        let place = free.popLast() ?? routes.count
        if place < routes.count { routes[place] = route } else { routes.append(route) }
        places[stream] = place
        return place
    }

    mutating func close(_ stream: StreamID) -> StreamRoute? {
        guard let place = places.removeValue(forKey: stream) else { return nil }
        if latest?.place == place { latest = nil }
        free.append(place)
        let route = routes[place]
        // What it kept is not kept longer for a place that is free.
        routes[place] = StreamRoute(level: ServiceLevel())
        return route
    }

    subscript(stream: StreamID) -> StreamRoute? { place(of: stream).map { routes[$0] } }
}

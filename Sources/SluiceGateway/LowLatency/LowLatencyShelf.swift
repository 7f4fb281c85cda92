import NIOCore
import SluiceTypes
import SluiceWire

/// One rendition in low latency: its window, who waits for its next change, and its playlist rendered once per change.
struct LowLatencyShelf {
    enum Wish {
        case playlist(PlaylistReload)
        case part(Int64)
    }

    struct Waiting {
        var waiter: Waiter
        var wish: Wish
    }

    /// One answer, and everybody in one room who gets it.
    struct Wake {
        var room: any WaitingRoom
        fileprivate var form: Form
        var answer: LowLatencyAnswer
        var tickets: [UInt64]

        var isPlaylist: Bool { if case .playlist = form { true } else { false } }
    }

    fileprivate enum Form: Hashable {
        case playlist(skips: Bool, isCompressed: Bool)
        case part(Int64)
    }

    /// A segment whose parts are listed one by one, while its source is still being cut.
    struct Begun {
        var segment: SegmentSequence
        /// Parts listed.
        var count = 0
        fileprivate var initialization: Int64
    }

    let name: String
    var window: LowLatencyWindow
    private(set) var begun: Begun?
    /// Another profile is asked for: the first segment of another coding does not continue what is there (RFC 8216 §4.3.2.3).
    private var expectsOther = false
    var waiting: [UInt64: Waiting] = [:]
    var serving: ServingNotes
    private var rendered: [Form: LowLatencyContent] = [:]
    private var renderedVersion: UInt64 = 0

    /// - Parameter notesServing: somebody wants to know when a segment was first served.
    init(name: String, window: LowLatencyWindow, notesServing: Bool) {
        serving = ServingNotes(isOn: notesServing)
        self.name = name
        self.window = window
    }

    mutating func expectOther() { expectsOther = true }

    private mutating func isOther(_ initialization: Int64) -> Bool {
        guard expectsOther, let last = window.entries.last(where: { !$0.isGap }), last.initialization != initialization else {
            return false
        }
        expectsOther = false
        return true
    }

    /// Lists what a source segment became, in the segments of the playlist that the source has.
    ///
    /// - Parameters:
    ///   - initialization: `nil` when nothing came.
    ///   - part: the bytes in a place of the schedule; `nil` for a gap.
    mutating func append(
        _ schedule: SourceSchedule, _ initialization: ByteBuffer?, part: (Int) -> (bytes: ByteBuffer, isIndependent: Bool)?
    ) {
        guard let first = schedule.entries.first else { return }
        begun = nil
        catchUp(with: first, schedule)
        serving.listed(schedule.segment, most: window.entries.count + 1)
        let number = initialization.map { window.add(initialization: $0) } ?? 0
        var isOther = initialization != nil && isOther(number)
        for (index, entry) in schedule.entries.enumerated() where entry.sequence == window.nextSequence {
            let places = schedule.parts.indices.filter { schedule.parts[$0].entry == index }
            let parts = places.map { (duration: schedule.parts[$0].duration, content: part($0)) }
            window.openSegment(
                wallClock: entry.wallClock, startsDiscontinuity: entry.startsDiscontinuity || isOther, initialization: number,
                isGap: !parts.contains { $0.content != nil })
            isOther = false
            for part in parts {
                window.append(
                    duration: part.duration, isIndependent: part.content?.isIndependent ?? false, part.content?.bytes)
            }
            window.closeSegment()
        }
    }

    /// What was left out on the way, so that the numbers stay those of the source.
    private mutating func catchUp(with first: SourceSchedule.Entry, _ schedule: SourceSchedule) {
        if window.entries.isEmpty { window.begin(with: first.sequence) }
        while window.nextSequence < first.sequence {
            let length = window.entries.last?.duration ?? schedule.duration
            window.openSegment(wallClock: first.wallClock, startsDiscontinuity: false, initialization: 0, isGap: true)
            window.append(duration: length, isIndependent: true, nil)
            window.closeSegment()
        }
    }

    /// Lists one part of a segment that may not be whole yet; those before it that have not come are gaps.
    ///
    /// - Returns: `false` where it has no place: the playlist is beyond it.
    mutating func append(
        _ part: RenditionPackager.Part, of schedule: SourceSchedule, _ initialization: ByteBuffer
    ) -> Bool {
        guard let first = schedule.entries.first, schedule.parts.indices.contains(part.index) else { return false }
        if begun?.segment != schedule.segment {
            catchUp(with: first, schedule)
            guard window.nextSequence == first.sequence else { return false }
            begun = Begun(segment: schedule.segment, initialization: window.add(initialization: initialization))
            serving.listed(schedule.segment, most: window.entries.count + 1)
        }
        while let count = begun?.count, count < part.index { list(nil, of: schedule) }
        guard begun?.count == part.index else { return false }
        list(part, of: schedule)
        return true
    }

    /// Nothing more comes of the segment that was begun: what has not come is a gap.
    mutating func endBegun(_ schedule: SourceSchedule) {
        guard begun?.segment == schedule.segment else { return }
        while let count = begun?.count, count < schedule.parts.count { list(nil, of: schedule, isLast: true) }
        window.closeSegment()
        begun = nil
    }

    /// - Parameter isLast: no part with media follows.
    private mutating func list(_ part: RenditionPackager.Part?, of schedule: SourceSchedule, isLast: Bool = false) {
        guard let begun, schedule.parts.indices.contains(begun.count) else { return }
        let place = schedule.parts[begun.count]
        let entry = schedule.entries[place.entry]
        if window.open?.sequence != entry.sequence {
            let isOther = begun.count == 0 && isOther(begun.initialization)
            window.openSegment(
                wallClock: entry.wallClock, startsDiscontinuity: entry.startsDiscontinuity || isOther, initialization: begun.initialization,
                isGap: isLast)
        }
        window.append(duration: place.duration, isIndependent: part?.isIndependent ?? false, part?.bytes)
        self.begun?.count += 1
    }

    /// The stream has ended.
    mutating func end() {
        begun = nil
        window.end()
    }

    /// - Parameter version: of all renditions together, as each playlist says where the others are.
    mutating func playlist(
        _ reload: PlaylistReload, gzip: Bool, version: UInt64, reports: @autoclosure () -> [RenditionReport]
    ) -> LowLatencyContent {
        if version != renderedVersion {
            rendered.removeAll(keepingCapacity: true)
            renderedVersion = version
        }
        let form = Form.playlist(skips: reload.skips, isCompressed: gzip)
        var content = rendered[form] ?? render(skips: reload.skips, gzip: gzip, reports)
        content.kind = reload.sequence == nil ? .playlist : .blockedPlaylist
        return content
    }

    private mutating func render(skips: Bool, gzip: Bool, _ reports: () -> [RenditionReport]) -> LowLatencyContent {
        let plain = Form.playlist(skips: skips, isCompressed: false)
        let targetDuration = window.timing?.targetDuration ?? .zero
        var content =
            rendered[plain]
            ?? LowLatencyContent(
                kind: .playlist, pieces: [window.render(rendition: name, reports: reports(), skipping: skips)],
                targetDuration: targetDuration)
        rendered[plain] = content
        if gzip, let compressed = Gzip.compress(content.pieces[0]) {
            content = LowLatencyContent(kind: .playlist, pieces: [compressed], isCompressed: true, targetDuration: targetDuration)
        }
        rendered[.playlist(skips: skips, isCompressed: gzip)] = content
        return content
    }

    func media(_ pieces: [ByteBuffer]) -> LowLatencyContent {
        LowLatencyContent(kind: .media, pieces: pieces, targetDuration: window.timing?.targetDuration ?? .zero)
    }

    /// Takes those out who can be answered now.
    mutating func wake(version: UInt64, reports: () -> [RenditionReport]) -> [Wake] {
        guard window.isVisible else { return [] }
        var wakes: [Wake] = []
        for (key, one) in waiting {
            let form: Form
            switch one.wish {
            case .playlist(let reload):
                guard window.decide(reload) != .wait else { continue }
                form = .playlist(skips: reload.skips, isCompressed: one.waiter.acceptsGzip)
            case .part(let number):
                guard number < window.nextPart || window.isEnded else { continue }
                form = .part(number)
            }
            waiting[key] = nil
            let room = ObjectIdentifier(one.waiter.room)
            if let index = wakes.firstIndex(where: { $0.form == form && ObjectIdentifier($0.room) == room }) {
                wakes[index].tickets.append(one.waiter.ticket)
            } else {
                let answer = answer(one, version: version, reports: reports)
                wakes.append(Wake(room: one.waiter.room, form: form, answer: answer, tickets: [one.waiter.ticket]))
            }
        }
        return wakes
    }

    private mutating func answer(_ one: Waiting, version: UInt64, reports: () -> [RenditionReport]) -> LowLatencyAnswer {
        switch one.wish {
        case .playlist(let reload):
            .found(playlist(reload, gzip: one.waiter.acceptsGzip, version: version, reports: reports()))
        case .part(let number):
            window.part(number)?.bytes.map { .found(media([$0])) } ?? .unknown
        }
    }
}

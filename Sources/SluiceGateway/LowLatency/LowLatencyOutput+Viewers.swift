import NIOCore
import SluiceTypes
import SluiceWire
import Synchronization

extension LowLatencyOutput {
    func answer(_ request: LowLatencyRequest, _ waiter: Waiter) -> LowLatencyAnswer {
        let answer = state.withLock { state in
            guard case .multivariant = request else { return self.answer(request, waiter, &state) }
            return multivariant(state)
        }
        if case .playlist = request { tellServed() }
        return answer
    }

    /// Outside of the lock, as everything that others do.
    private func tellServed() {
        guard let witness else { return }
        let served = state.withLock { state in
            defer { state.served = [] }
            return state.served.map { (state.shelves[$0.shelf].name, $0.segments) }
        }
        for (rendition, segments) in served { witness.served(segments, of: stream, rendition, isLowLatency: true) }
    }

    private func answer(_ request: LowLatencyRequest, _ waiter: Waiter, _ state: inout State) -> LowLatencyAnswer {
        switch request {
        case .multivariant: return multivariant(state)
        case .playlist(let rendition, let reload):
            guard let index = state.index(of: rendition) else { return .unknown }
            guard state.shelves[index].window.isVisible else {
                return state.shelves[index].window.isEnded ? .unknown : wait(.playlist(reload), waiter, index, &state)
            }
            switch state.shelves[index].window.decide(reload) {
            case .answer:
                let reports = state.reports(but: index)
                let version = state.version
                state.noteServed(index)
                return .found(state.shelves[index].playlist(reload, gzip: waiter.acceptsGzip, version: version, reports: reports))
            case .refuse(let reason): return .refused(reason)
            case .wait: return wait(.playlist(reload), waiter, index, &state)
            }
        case .initialization(let rendition, let number):
            guard let index = state.index(of: rendition) else { return .unknown }
            return state.shelves[index].window.initialization(number).map { .found(state.shelves[index].media([$0])) } ?? .unknown
        case .segment(let rendition, let sequence):
            guard let index = state.index(of: rendition) else { return .unknown }
            if let entry = state.shelves[index].window.segment(sequence) {
                return .found(state.shelves[index].media(entry.parts.compactMap(\.bytes)))
            }
            return state.shelves[index].window.hasLeft(sequence: sequence) ? .gone : .unknown
        case .part(let rendition, let number):
            guard let index = state.index(of: rendition) else { return .unknown }
            if let bytes = state.shelves[index].window.part(number)?.bytes { return .found(state.shelves[index].media([bytes])) }
            let isHinted = number == state.shelves[index].window.nextPart && !state.shelves[index].window.isEnded
            return isHinted && state.shelves[index].window.isVisible ? wait(.part(number), waiter, index, &state) : .unknown
        }
    }

    private func multivariant(_ state: borrowing State) -> LowLatencyAnswer {
        var variants: [Variant] = []
        for place in state.listed where state.shelves[place].window.isVisible {
            let shelf = state.shelves[place]
            guard var variant = state.codings[place]?.variant else { continue }
            (variant.peakBandwidth, variant.averageBandwidth) = shelf.window.bandwidth
            variants.append(variant)
        }
        guard !variants.isEmpty else { return .unknown }
        let text = ByteBuffer(string: MultivariantPlaylist.render(stream: stream, variants: variants))
        return .found(
            LowLatencyContent(
                kind: .playlist, pieces: [text], targetDuration: state.shelves[0].window.timing?.targetDuration ?? .zero))
    }

    private func wait(
        _ wish: LowLatencyShelf.Wish, _ waiter: Waiter, _ index: Int, _ state: inout State
    ) -> LowLatencyAnswer {
        guard state.shelves.reduce(0, { $0 + $1.waiting.count }) < settings.mostWaiting else {
            return .unavailable("\(settings.mostWaiting) requests of this stream are waiting already")
        }
        state.lastWaiting += 1
        let key = state.lastWaiting
        state.shelves[index].waiting[key] = .init(waiter: waiter, wish: wish)
        let target = state.shelves[index].window.timing?.targetDuration ?? segmentTarget
        return .waiting(giveUpAfter: target * 3) { [weak self] in
            self?.state.withLock { state in _ = state.shelves[index].waiting.removeValue(forKey: key) }
        }
    }

    /// Changes a shelf and wakes who waited for that.
    func change<Result: Sendable>(_ index: Int, _ body: (inout State) -> Result) -> Result {
        let (result, wakes) = state.withLock { state in
            let result = body(&state)
            state.version += 1
            return (result, wake(index, &state))
        }
        deliver(wakes)
        return result
    }

    func wake(_ index: Int, _ state: inout State) -> [LowLatencyShelf.Wake] {
        guard !state.shelves[index].waiting.isEmpty else { return [] }
        let reports = state.reports(but: index)
        let wakes = state.shelves[index].wake(version: state.version) { reports }
        if wakes.contains(where: \.isPlaylist) { state.noteServed(index) }
        return wakes
    }

    func deliver(_ wakes: [LowLatencyShelf.Wake]) {
        for wake in wakes { wake.room.deliver(wake.answer, to: wake.tickets) }
        if wakes.contains(where: \.isPlaylist) { tellServed() }
    }
}

extension LowLatencyOutput.State {
    /// A viewer gets a playlist of this shelf.
    mutating func noteServed(_ index: Int) {
        let segments = shelves[index].serving.take()
        if !segments.isEmpty { served.append((index, segments)) }
    }

    func index(of rendition: String) -> Int? { listed.first { shelves[$0].name == rendition } }

    func reports(but index: Int) -> [RenditionReport] {
        listed.compactMap { $0 == index ? nil : shelves[$0].window.report(shelves[$0].name) }
    }
}

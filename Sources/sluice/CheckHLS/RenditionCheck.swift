import HTTPTypes
import SluiceNetwork
import SluiceTypes
import SluiceWire

/// Follows one media playlist and checks it, its answers and the media it names.
actor RenditionCheck {
    /// A look at the other renditions, and at the bytes of a whole segment, every so many readings: both cost several requests.
    private static let readingsPerLookAround = 25
    /// Every so many reloads ask for a delta update.
    private static let readingsPerDelta = 3

    let address: WebAddress
    private let others: [WebAddress]
    private let master: WebAddress
    let fetch: PlaylistFetch
    private let findings: FindingList
    private var history = PlaylistHistory()
    private var playlist = PlaylistReader("#EXTM3U")
    private var readings = 0
    /// The newest segment whose bytes were compared with its parts'.
    private var compared: Int64 = -1

    init(_ address: WebAddress, others: [WebAddress], master: WebAddress, fetch: PlaylistFetch, findings: FindingList) {
        self.address = address
        self.others = others
        self.master = master
        self.fetch = fetch
        self.findings = findings
    }

    func run(until end: ContinuousClock.Instant) async throws {
        try await begin()
        while ContinuousClock.now < end, !playlist.isEnded {
            if playlist.hasParts, playlist.serverControl?.canBlockReload == true {
                try await followParts()
            } else {
                try await Task.sleep(for: .seconds(max(0.25, Double(playlist.targetDuration) / 2)))
                await reload(nil, asksForDelta: false)
            }
            if readings % Self.readingsPerLookAround == 5 { await lookAround() }
        }
    }

    func add(_ new: [HLSFinding]) { findings.add(new, at: address.path) }

    /// The first reading, and all that needs asking only once.
    private func begin() async throws {
        let answer = try await fetch.get(address, limit: PlaylistFetch.longestPlaylist)
        guard answer.fetched.status == 200 else {
            throw HLSCheck.Failed(description: "\(address) was answered with \(answer.fetched.status)")
        }
        take(PlaylistReader(answer.text), asksForDelta: false)
        let compressed = try await fetch.get(address, headers: [.acceptEncoding: "gzip"], limit: PlaylistFetch.longestPlaylist)
        add(
            AnswerRules.playlist(
                compressed.facts, directives: false, isLowLatency: playlist.hasParts, targetDuration: playlist.targetDuration))
        let single = SingleRequests(check: self, playlist: playlist)
        await single.run()
    }

    private func take(_ next: PlaylistReader, asksForDelta: Bool) {
        readings += 1
        findings.countReading()
        add(PlaylistRules.check(next, asksForDelta: asksForDelta))
        guard next.skip == nil || !playlist.entries.isEmpty else { return }
        if next.skip != nil { add(DeltaRules.check(next, against: playlist)) }
        guard let whole = next.filled(from: playlist) else { return }
        add(history.check(whole, at: ContinuousClock.now.sinceFirstUse))
        playlist = whole
    }

    /// The next part by its hint, and the playlist that lists it, both at once.
    private func followParts() async throws {
        let wish = playlist.nextPart
        let hint = playlist.hints.first { $0.kind == "PART" && $0.length == nil && $0.start == 0 }
        let wantsDelta = playlist.serverControl?.canSkipUntil != nil && readings % Self.readingsPerDelta == 0
        async let hinted = hintAnswer(hint)
        await reload(wish, asksForDelta: wantsDelta)
        guard let hint, let early = await hinted, !playlist.isEnded else { return }
        // Cut short by a discontinuity, the hinted part never comes; that the hint was kept is checked over the playlists.
        let listed = playlist.entries.suffix(2).flatMap(\.parts) + playlist.openParts
        guard listed.contains(where: { $0.uri == hint.uri }), let place = try? address.resolving(hint.uri),
            let later = try? await fetch.get(place)
        else { return }
        add(MediaRules.hint(hint.uri, hinted: (early.fetched.status, early.bytes), later: later.bytes))
        add(AnswerRules.media(later.facts, name: hint.uri, targetDuration: playlist.targetDuration))
    }

    private func hintAnswer(_ hint: PlaylistReader.PreloadHint?) async -> PlaylistFetch.Answer? {
        guard let hint, let place = try? address.resolving(hint.uri) else { return nil }
        return try? await fetch.get(place)
    }

    private func reload(_ wish: PlaylistPosition?, asksForDelta: Bool) async {
        let query = wish.map { "_HLS_msn=\($0.sequence)&_HLS_part=\($0.part)" + (asksForDelta ? "&_HLS_skip=YES" : "") }
        let target = playlist.targetDuration
        do {
            let answer = try await fetch.get(query.map(address.asking) ?? address, limit: PlaylistFetch.longestPlaylist)
            let next = answer.fetched.status == 200 ? PlaylistReader(answer.text) : nil
            if let wish {
                let asked = ReloadRules.Wish(sequence: wish.sequence, part: wish.part)
                add(ReloadRules.check(asked, status: answer.fetched.status, seconds: answer.seconds, answer: next, targetDuration: target))
            } else if next == nil {
                add([.init(.reloadAnswered, "a reload was answered with \(answer.fetched.status)")])
            }
            if let next { take(next, asksForDelta: asksForDelta) } else { await pause() }
        } catch {
            add([.init(.reloadAnswered, "a reload got no answer: \(error)")])
            await pause()
        }
    }

    private func pause() async { try? await Task.sleep(for: .seconds(1)) }

    /// The other renditions before and after a reading of this one, and a segment against its parts.
    private func lookAround() async {
        if let index = playlist.entries.lastIndex(where: { !$0.parts.isEmpty }) { await compare(index) }
        guard !others.isEmpty else { return }
        let before = await readings(of: others)
        guard let answer = try? await fetch.get(address, limit: PlaylistFetch.longestPlaylist), answer.fetched.status == 200 else { return }
        let own = PlaylistReader(answer.text)
        let after = await readings(of: others)
        let renditions = others.compactMap { other -> ReportRules.Rendition? in
            guard let was = before[other], let now = after[other], !now.isEnded else { return nil }
            return .init(address: "\(other)", before: was.nextPart, after: now.nextPart)
        }
        add(ReportRules.check(own, at: "\(address)", others: renditions))
        if let first = after[master] { add(VariantRules.alignment(first, own, name: address.path)) }
    }

    private func readings(of others: [WebAddress]) async -> [WebAddress: PlaylistReader] {
        var found: [WebAddress: PlaylistReader] = [:]
        for other in others {
            guard let answer = try? await fetch.get(other, limit: PlaylistFetch.longestPlaylist), answer.fetched.status == 200 else {
                continue
            }
            found[other] = PlaylistReader(answer.text)
        }
        return found
    }

    private func compare(_ index: Int) async {
        let entry = playlist.entries[index]
        let sequence = playlist.firstSequence + Int64(index)
        guard sequence > compared, entry.range == nil, entry.parts.allSatisfy({ $0.range == nil && !$0.isGap }), !entry.isGap else {
            return
        }
        compared = sequence
        var parts: [[UInt8]] = []
        for part in entry.parts {
            guard let place = try? address.resolving(part.uri), let answer = try? await fetch.get(place), answer.fetched.status == 200
            else {
                return add([.init(.mediaThere, line: part.line, "'\(part.uri)' stands in the playlist and cannot be had")])
            }
            parts.append(answer.bytes)
        }
        guard let place = try? address.resolving(entry.uri), let whole = try? await fetch.get(place) else { return }
        add(AnswerRules.media(whole.facts, name: entry.uri, targetDuration: playlist.targetDuration))
        add(MediaRules.segment(entry.uri, segment: whole.bytes, parts: parts))
    }
}

extension ContinuousClock.Instant {
    private static let firstUse = ContinuousClock.now

    /// Seconds, for rules that know no clock.
    fileprivate var sinceFirstUse: Double { (self - Self.firstUse).inSeconds }
}

package import SluiceTypes

/// Which frames of one rendition of one segment go on to viewers while several attempts deliver it, each from its first frame.
///
/// What went on cannot be taken back, and another encoder's pictures do not build on those that went before. So:
///
/// 1. The first attempt to deliver leads, and all its frames go on.
/// 2. Another takes the lead only when the leading one has failed or stands still, and only with a picture beyond the last that went on:
///    one that decoding can start with, or the very next one of an attempt whose pictures so far are the same to the byte.
/// 3. What it delivers before that is left out. Sound builds on nothing: of that, all beyond the last that went on goes on with the
///    first picture that does.
///
/// So nothing goes on twice. Where nobody can go on, the rest of the segment is missing.
package struct RenditionSplice: Sendable {
    package struct Frame: Hashable, Sendable {
        package var track: Track
        package var dts: MediaTime
        package var isKey: Bool
        /// The same for the same bytes.
        package var digest: Int

        package init(track: Track, dts: MediaTime, isKey: Bool, digest: Int) {
            self.track = track
            self.dts = dts
            self.isKey = isKey
            self.digest = digest
        }
    }

    package enum Verdict: Hashable, Sendable {
        /// It goes on. Pictures between the last one and this are missing where `isGapless` is false.
        case passes(isGapless: Bool)
        /// Sound that goes on if this attempt takes the lead; to be asked about again then.
        case waits
        case isLeftOut
    }

    private struct Attempt {
        /// Frames of the leading track so far.
        var count = 0
        var isSame = true
        var isLost = false
        var isStalled = false
    }

    private struct Mark: Hashable {
        var dts: MediaTime
        var digest: Int
    }

    /// Of one segment: over a minute at 240 pictures a second. Past it, no attempt is taken for the same as another.
    private static let mostMarks = 20_000

    private let leads: Track
    private var attempts: [Int: Attempt] = [:]
    /// Frames of the leading track that went on, in order.
    private var marks: [Mark] = []
    private var lastSound: MediaTime?
    package private(set) var lead: Int?
    /// How often another attempt took the lead.
    package private(set) var takeovers = 0

    /// - Parameter leads: pictures where the rendition has some.
    package init(leads: Track) { self.leads = leads }

    /// Decode time of the last frame of the leading track that went on.
    package var reached: MediaTime? { marks.last?.dts }

    package mutating func verdict(on frame: Frame, of attempt: Int) -> Verdict {
        guard frame.track == leads else { return verdict(onSound: frame, of: attempt) }
        if lead == nil { lead = attempt }
        let place = attempts[attempt, default: Attempt()].count
        attempts[attempt, default: Attempt()].count += 1
        if attempt == lead {
            guard reached.map({ frame.dts > $0 }) ?? true else { return .isLeftOut }
            pass(frame)
            return .passes(isGapless: true)
        }
        if place < marks.count {
            if marks[place] != Mark(dts: frame.dts, digest: frame.digest) { attempts[attempt]?.isSame = false }
            return .isLeftOut
        }
        guard isOpen, reached.map({ frame.dts > $0 }) ?? true else {
            attempts[attempt]?.isSame = false
            return .isLeftOut
        }
        let isNext = attempts[attempt]?.isSame == true && place == marks.count
        guard isNext || frame.isKey else {
            attempts[attempt]?.isSame = false
            return .isLeftOut
        }
        // Its own count says whether it left something out since the last that went on, as it began with the first.
        let isGapless = place == marks.count
        lead = attempt
        takeovers += 1
        pass(frame)
        return .passes(isGapless: isGapless)
    }

    /// It failed, or will deliver no more.
    package mutating func lose(_ attempt: Int) { attempts[attempt, default: Attempt()].isLost = true }

    /// It has delivered nothing for too long: another may go before it.
    package mutating func stall(_ attempt: Int) { attempts[attempt, default: Attempt()].isStalled = true }

    private var isOpen: Bool { lead.flatMap { attempts[$0] }.map { $0.isLost || $0.isStalled } ?? true }

    private mutating func verdict(onSound frame: Frame, of attempt: Int) -> Verdict {
        if let lastSound, frame.dts <= lastSound { return .isLeftOut }
        // Before the first picture nobody leads, and who brings it has brought its sound.
        guard attempt == lead else { return .waits }
        lastSound = frame.dts
        return .passes(isGapless: true)
    }

    private mutating func pass(_ frame: Frame) {
        if marks.count == Self.mostMarks { return marks[Self.mostMarks - 1] = Mark(dts: frame.dts, digest: frame.digest) }
        marks.append(Mark(dts: frame.dts, digest: frame.digest))
    }
}

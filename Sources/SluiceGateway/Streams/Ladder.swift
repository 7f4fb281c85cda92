import SluiceTypes

/// The renditions that are asked for of a segment, and the place of each among all that its stream has had.
struct Ladder: Hashable, Sendable {
    var profiles: [TranscodeProfile]
    /// One for each profile.
    var places: [Int]

    init(_ profiles: [TranscodeProfile]) {
        self.profiles = profiles
        places = Array(profiles.indices)
    }

    init(_ profiles: [TranscodeProfile], in places: [Int]) {
        self.profiles = profiles
        self.places = places
    }

    /// What the first, second, … is in both: what was made for one of them serves the other.
    var rungs: [Int: TranscodeProfile] { Dictionary(zip(places, profiles)) { first, _ in first } }
}

/// Why a live stream does not get other renditions.
package enum LadderChange: Hashable, Sendable {
    /// From its next segment on.
    case taken
    case notLive
    /// It has others by now than who changes them has seen.
    case changedMeanwhile
    /// More names than a stream may have had.
    case tooManyNames(most: Int)
}

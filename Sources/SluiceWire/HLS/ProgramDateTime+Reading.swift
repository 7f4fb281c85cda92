extension ProgramDateTime {
    /// - Parameter text: ISO 8601 with a time zone, e.g. `2026-01-31T12:00:00.250Z` or `…+01:00`.
    /// - Returns: since 1970.
    package static func milliseconds(of text: Substring) -> Int64? {
        let pattern = /(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):?(\d{2}))/
        guard let match = text.wholeMatch(of: pattern)?.output else { return nil }
        func number(_ digits: Substring) -> Int64 { Int64(digits) ?? 0 }
        let (year, month, day) = (number(match.1), number(match.2), number(match.3))
        let (hour, minute, second) = (number(match.4), number(match.5), number(match.6))
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else { return nil }
        let fraction = match.7.map { number(($0 + "000").prefix(3)) } ?? 0
        var zone: Int64 = 0
        if let sign = match.8, let hours = match.9, let minutes = match.10 {
            zone = (number(hours) * 60 + number(minutes)) * (sign == "-" ? -60_000 : 60_000)
        }
        return (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction - zone
    }

    /// Since 1970-01-01, counting years from 1 March in 400-year eras.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

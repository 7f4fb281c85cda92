/// Which of the known keys a mistyped one was probably meant to be.
enum NearestKey {
    /// - Returns: `nil` only when nothing is known; of equally near ones the first in alphabetical order.
    static func of(_ key: String, among known: some Sequence<String>) -> String? {
        known.map { (distance(key, $0), $0) }.min { $0 < $1 }?.1
    }

    /// Levenshtein's edit distance.
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (character == right[column] ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}

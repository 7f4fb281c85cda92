extension PlaylistReader {
    /// A delta update made whole with what was known before it.
    ///
    /// - Returns: `nil` when the update leaves out what is not known.
    package func filled(from known: PlaylistReader) -> PlaylistReader? {
        guard let skip else { return self }
        var left: [Entry] = []
        for sequence in mediaSequence..<(mediaSequence + Int64(skip.segments)) {
            guard let entry = known.entry(sequence) else { return nil }
            left.append(entry)
        }
        var whole = self
        whole.skip = nil
        if let map = left.last?.map {
            for index in whole.entries.indices where whole.entries[index].map == nil { whole.entries[index].map = map }
        }
        whole.entries.insert(contentsOf: left, at: 0)
        return whole
    }
}

extension PlaylistReader {
    /// Says which initialization section an entry has, where a delta update left the tag out.
    package mutating func fill(_ map: Map, at index: Int) { entries[index].map = map }
}

/// Who is left out of discovery, counted in refreshes (specs/selection-and-reliability A10).
///
/// A mark starts from 0, not from the count, so after many refreshes a fresh penalty has no effect. That is the reference's
/// arithmetic, kept on purpose.
struct ReferenceSuspension {
    private var refreshes = 0
    private var marks: [Int: Int] = [:]

    mutating func signalRefresh() { refreshes += 1 }

    mutating func suspend(_ orchestrator: Int, penalty: Int) { marks[orchestrator, default: 0] += penalty }

    /// 0 when it is not suspended.
    mutating func penalty(of orchestrator: Int) -> Int {
        guard let mark = marks[orchestrator] else { return 0 }
        if mark < refreshes {
            marks[orchestrator] = nil
            return 0
        }
        return mark
    }
}

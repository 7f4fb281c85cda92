/// What a path below the base asks for; the parts are not yet looked at.
enum TrickleRoute: Hashable {
    case channel(String)
    case segment(String, index: String)

    /// - Returns: `nil` for what is neither, a path that is not below the base included.
    init?(_ path: String, base: String) {
        guard path.hasPrefix(base), let parts = URLPath.elements("/" + path.dropFirst(base.count)) else { return nil }
        switch parts.count {
        case 1: self = .channel(parts[0])
        case 2: self = .segment(parts[0], index: parts[1])
        default: return nil
        }
    }
}

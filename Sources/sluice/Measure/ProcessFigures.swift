import Foundation

/// What a process has used so far, from `/proc`.
struct ProcessFigures: Sendable {
    struct Unreadable: Error, CustomStringConvertible {
        let pid: Int32
        var description: String { "process \(pid) is not there, or not ours to look at" }
    }

    /// User and system time.
    let cpuSeconds: Double
    let residentBytes: Int

    init(pid: Int32) throws(Unreadable) {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            // The name in parentheses may hold anything.
            let end = stat.lastIndex(of: ")")
        else { throw Unreadable(pid: pid) }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { throw Unreadable(pid: pid) }
        cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }?.split(separator: " ")
        residentBytes = resident.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 * 1024 } ?? 0
    }
}

import Foundation
package import NIOCore
import NIOPosix
package import SluiceTypes
import Synchronization

/// Runs runners as processes: each in a group of its own, which ends as a whole.
///
/// What an orchestrator leaves behind that was killed is known by a variable in its environment, which children have too.
package final class ProcessHost: RunnerHost {
    private static let mark = "SLUICE_RUNNER_OWNER"
    /// Looks for what was left behind: a process may have begun another meanwhile.
    private static let clearRounds = 50
    private static let clearPause: Duration = .milliseconds(20)

    private let owner: String
    private let address: String
    private let group: any EventLoopGroup
    private let running = Mutex<[String: RunningProcess]>([:])

    /// - Parameters:
    ///   - owner: what tells this orchestrator from others on this machine, and is the same when it starts again.
    ///   - address: how runners reach it; told to them.
    package init(owner: String, address: String, group: any EventLoopGroup) {
        self.owner = owner
        self.address = address
        self.group = group
    }

    package func clear(keeping orders: [RunnerOrder]) async throws(RunnerFault) -> Int {
        var ended: Set<pid_t> = []
        for _ in 0..<Self.clearRounds {
            let left = Self.marked("\(Self.mark)=\(owner)")
            if left.isEmpty { break }
            ended.formUnion(left)
            for process in left { kill(process, SIGKILL) }
            try? await Task.sleep(for: Self.clearPause)
        }
        return ended.count
    }

    /// Processes of ours with that entry in their environment, this one apart.
    private static func marked(_ entry: String) -> [pid_t] {
        let wanted = Data(entry.utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            // Those of other users cannot be read. A process that has ended, and is not yet reaped, has no environment.
            guard process != getpid(), let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ") else {
                return false
            }
            return environment.split(separator: 0).contains { $0 == wanted }
        }
    }

    package func prepare(_ order: RunnerOrder, told: @escaping @Sendable (String) -> Void) async throws(RunnerFault) {}

    package func launch(_ order: RunnerOrder, log: RunnerLog) async throws(RunnerFault) -> RunnerPlace {
        guard case .process(let process) = order.source else { throw RunnerFault(.other, "a container is no process") }
        let port = try FreePort.find()
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        environment.merge(process.environment) { $1 }
        environment[process.portVariable] = "\(port)"
        environment["SLUICE_ORCHESTRATOR"] = address
        environment["SLUICE_RUNNER"] = order.facts.label
        environment[Self.mark] = owner
        let arguments = process.command.map { $0.replacing("{port}", with: "\(port)") }
        let started = try await RunningProcess.start(
            arguments, environment: environment, directory: process.directory, log: log, group: group)
        running.withLock { $0["\(started.id)"] = started }
        return RunnerPlace(id: "\(started.id)", url: "http://127.0.0.1:\(port)")
    }

    /// It writes from its start on.
    package func follow(_ place: RunnerPlace, log: RunnerLog) async {}

    package func exit(of place: RunnerPlace, told: @escaping @Sendable (String?) -> Void) async -> RunnerExit {
        await running.withLock { $0[place.id] }?.exit() ?? .gone
    }

    package func end(_ place: RunnerPlace, atOnce: Bool) async {
        running.withLock { $0[place.id] }?.signal(atOnce ? SIGKILL : SIGTERM)
    }

    package func remove(_ place: RunnerPlace) async {
        running.withLock { $0.removeValue(forKey: place.id) }?.signal(SIGKILL)
    }
}

/// A port that nobody has at the moment. Somebody may take it before its user does, who then fails, and is started again with another.
enum FreePort {
    static func find() throws(RunnerFault) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw RunnerFault(.other, "no port can be found: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, length) == 0 && getsockname(descriptor, raw, &length) == 0
            }
        }
        guard isBound else { throw RunnerFault(.other, "no port can be found: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

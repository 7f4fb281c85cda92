import Foundation

/// The clock, and what the system lets a process have.
struct MachineChecks: Sendable {
    /// A stream has a socket, and so has each of its viewers; orchestrators have one each.
    private static let fewFiles: UInt64 = 4096

    var findings: [Finding] { [clock, files, memory].compactMap(\.self) }

    private var clock: Finding {
        let subject = "clock"
        let remedy =
            "timedatectl set-ntp true, or install chrony: tokens of orchestrators, certificates and low-latency names go by the clock"
        // A session token lives half an hour: a clock that wrong meets refusals.
        if let word = Self.output(of: ["timedatectl", "show", "--property=NTPSynchronized", "--value"]) {
            return word == "yes" ? .good(subject, "kept in step by NTP") : .warning(subject, "not kept in step by NTP", remedy)
        }
        if let text = Self.output(of: ["chronyc", "-n", "tracking"]), text.contains("Leap status     : Normal") {
            return .good(subject, "kept in step by chrony")
        }
        if FileManager.default.fileExists(atPath: "/run/systemd/timesync/synchronized") {
            return .good(subject, "kept in step by timesyncd")
        }
        return .note(subject, "nothing here says whether it is kept in step (a container has its host's)", "make sure of it on the host")
    }

    private var files: Finding {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return .note("limits", "the limit of open files is not told", "ulimit -n") }
        let words = limit.rlim_cur == .max ? "any number of files may be open" : "\(limit.rlim_cur) files may be open"
        if limit.rlim_cur < Self.fewFiles {
            return .warning("limits", words, "ulimit -n 65536, or LimitNOFILE=65536 in the unit: each viewer is a socket")
        }
        return .good("limits", words)
    }

    private var memory: Finding? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        let words = "\(kilobytes >> 10) MiB of memory are available, \(ProcessInfo.processInfo.activeProcessorCount) cores"
        return kilobytes < 512 << 10
            ? .warning(
                "limits", words, "more memory: a stream with its renditions holds some tens of megabytes (docs/Operating.md, Memory)")
            : .good("limits", words)
    }

    /// What a program prints; `nil` when it is not there or fails. Blocks until it ends.
    private static func output(of arguments: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch { return nil }
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(bytes: bytes, encoding: .utf8)?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

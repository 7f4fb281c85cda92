import GRDB

/// Why the registry cannot be used: which file, what is wrong with it, and what to do.
package struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// Another process has it.
        case locked
        /// Written by a newer Sluice.
        case newer
        case corrupt(String)
        /// A database, but of some other program.
        case foreign
        /// No room on the disk.
        case full
        /// The folder is missing, or may not be written to.
        case unwritable(String)
        case other(String)
    }

    package let path: String
    package let reason: Reason

    package init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }

    init(_ error: any Error, path: String) {
        if let known = error as? RegistryError {
            self = known
            return
        }
        self.path = path
        guard let error = error as? DatabaseError else {
            reason = .other("\(error)")
            return
        }
        let text = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: reason = .locked
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: reason = .corrupt(text)
        case .SQLITE_FULL: reason = .full
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: reason = .unwritable(text)
        default: reason = .other(text)
        }
    }

    /// Whether the same may work a moment later, with nothing done about it.
    package var isPassing: Bool {
        switch reason {
        case .locked, .full: true
        default: false
        }
    }

    package var description: String {
        let aside = "nothing was changed; `sluice registry move-aside '\(path)'` keeps it under another name and lets a new one be made"
        switch reason {
        case .locked: return "registry '\(path)' is in use by another process; each gateway needs a file of its own"
        case .newer: return "registry '\(path)' was written by a newer version of Sluice, which this one cannot read; \(aside)"
        case .corrupt(let text): return "registry '\(path)' is corrupt (\(text)); \(aside)"
        case .foreign: return "'\(path)' is a database of another program; name a file that is not there yet, or Sluice's own"
        case .full: return "no room on the disk of registry '\(path)'; what is not written yet is kept in memory and tried again"
        case .unwritable(let text):
            return "registry '\(path)' cannot be opened for writing (\(text)); a file in a folder that exists is right"
        case .other(let text): return "registry '\(path)': \(text)"
        }
    }
}

import Foundation
import SluiceNetwork

/// Where a certificate and its key lie, both PEM.
struct CertificateFiles: Hashable {
    var certificate: String?
    var key: String?
    /// What the keys are called, for who made a mistake in them.
    private let prefix: String

    /// ## Configuration keys (under `prefix`, which ends with a dot or is empty)
    /// - `certificate`, `key` (paths, default none).
    init(_ reader: inout SettingsReader, prefix: String = "") {
        self.prefix = prefix
        certificate = reader.text("\(prefix)certificate")
        key = reader.text("\(prefix)key")
    }

    /// - Returns: `nil` when neither is given.
    func tls() throws -> HTTPServerTLS? {
        guard certificate != nil || key != nil else { return nil }
        return HTTPServerTLS(
            certificatePEM: try read(certificate, as: "\(prefix)certificate"), keyPEM: try read(key, as: "\(prefix)key"))
    }

    private func read(_ path: String?, as key: String) throws -> String {
        guard let path else { throw SettingsError("'\(key)' is missing; certificate and key come together, both as PEM files") }
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw SettingsError("\(key) = '\(path)': the file cannot be read; a PEM file is right")
        }
    }
}

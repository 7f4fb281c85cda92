import COpenSSL

/// A certificate for a service URI whose peers do not check certificates (specs/transcoding-protocol §1.2).
package enum SelfSignedCertificate {
    package static let days: Int32 = 365

    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter host: becomes the one DNS name, even when it is an address, as in the reference.
    package static func make(host: String) throws -> (certificatePEM: String, keyPEM: String) {
        var certificate: UnsafeMutablePointer<CChar>?
        var key: UnsafeMutablePointer<CChar>?
        guard host.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !host.isEmpty,
            sluice_make_certificate(host, days, &certificate, &key) == 1, let certificate, let key
        else {
            throw Fault(description: "libcrypto made no certificate for `\(host)`")
        }
        defer {
            sluice_free_text(certificate)
            sluice_free_text(key)
        }
        return (String(cString: certificate), String(cString: key))
    }
}

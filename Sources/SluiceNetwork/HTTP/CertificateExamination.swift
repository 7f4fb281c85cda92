import NIOSSL

/// A certificate and its key, looked at before a server is started with them.
package struct CertificateExamination: Sendable {
    /// Seconds since 1970.
    package var validFrom: Int64
    package var validUntil: Int64
    /// DNS names that it is for.
    package var names: [String]

    /// - Throws: what cannot be read, or that the key is not that of the certificate.
    package init(_ tls: HTTPServerTLS) throws {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(tls.certificatePEM.utf8))
        guard let leaf = chain.first else { throw NIOSSLError.failedToLoadCertificate }
        let key = try NIOSSLPrivateKey(bytes: Array(tls.keyPEM.utf8), format: .pem)
        // A context takes a key only together with its certificate.
        _ = try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        validFrom = Int64(leaf.notValidBefore)
        validUntil = Int64(leaf.notValidAfter)
        names = leaf._subjectAlternativeNames().compactMap { name in
            guard name.nameType == .dnsName else { return nil }
            return String(decoding: name.contents, as: UTF8.self)
        }
    }
}

import Foundation
import SluiceNetwork
import SluiceTypes

/// The certificate of the media port, as players will see it.
struct CertificateChecks: Sendable {
    private static let subject = "certificates"
    private static let soon: Int64 = 14 * 86_400
    let settings: GatewayFileSettings

    var findings: [Finding] {
        let tls: HTTPServerTLS?
        do { tls = try settings.httpCertificate.tls() } catch {
            return [.fault(Self.subject, "\(error)", "name two PEM files that this user may read, http.certificate and http.key")]
        }
        guard let tls else {
            return [
                .note(
                    Self.subject, "none: the media port speaks plain HTTP/1.1",
                    "http.certificate and http.key, or a proxy with HTTP/2, for players of low latency and pages of https")
            ]
        }
        do {
            let seen = try CertificateExamination(tls)
            let now = wallClockNanoseconds() / 1_000_000_000
            let until = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: TimeInterval(seen.validUntil)))
            let names = seen.names.isEmpty ? "no name" : seen.names.joined(separator: ", ")
            if now > seen.validUntil { return [.fault(Self.subject, "for \(names): it ended on \(until)", "renew it")] }
            if now < seen.validFrom { return [.fault(Self.subject, "for \(names): it is not valid yet", "look at the clock, or wait")] }
            if seen.validUntil - now < Self.soon { return [.warning(Self.subject, "for \(names): it ends on \(until)", "renew it now")] }
            if seen.names.isEmpty {
                return [.warning(Self.subject, "it names no host", "one with the name that players use as subjectAltName")]
            }
            return [.good(Self.subject, "for \(names), until \(until)")]
        } catch {
            return [
                .fault(
                    Self.subject, "certificate and key cannot be used together: \(error)",
                    "both as PEM, and the key that the certificate was made for")
            ]
        }
    }
}

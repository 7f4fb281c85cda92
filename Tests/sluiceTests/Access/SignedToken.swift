import Foundation
import SluiceWire

/// Tokens of HS256 for a whole gateway, whose clock nobody holds.
enum SignedToken {
    static let secret = "a-secret-of-more-than-32-bytes-0123"

    /// A file with the secret, and the settings that name it.
    static func settings(_ more: String) throws -> (text: String, file: URL) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-secret-\(UUID().uuidString)")
        try Data((secret + "\n").utf8).write(to: file)
        return ("jwt:\n  secretFile: \(file.path)\n  audience: sluice\n" + more, file)
    }

    /// - Parameters:
    ///   - claims: of ours, JSON.
    ///   - life: seconds from now.
    static func make(
        _ claims: String = #"{"publish":"cam*","view":"cam*","tenant":"acme","role":"operate"}"#, life: Int = 600,
        audience: String = "sluice",
        secret: String = secret
    ) throws -> String {
        let exp = Int(Date().timeIntervalSince1970) + life
        let header = coded(Data(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
        let payload = coded(Data(#"{"sub":"tester","aud":"\#(audience)","exp":\#(exp),"sluice":\#(claims)}"#.utf8))
        let signed = "\(header).\(payload)"
        guard let signature = Secrets.hmacSHA256(key: Array(secret.utf8), message: Array(signed.utf8)) else { return "" }
        return "\(signed).\(coded(Data(signature)))"
    }

    private static func coded(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

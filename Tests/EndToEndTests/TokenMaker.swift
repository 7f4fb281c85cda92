import Foundation

/// Makes signed tokens (HS256) as an operator's own program would, without any of our code.
enum TokenMaker {
    private static let program = """
        import base64, hashlib, hmac, json, sys, time
        def coded(data): return base64.urlsafe_b64encode(data).rstrip(b"=")
        body = {"aud": "sluice", "exp": int(time.time()) + int(sys.argv[2]), "sluice": json.loads(sys.argv[3])}
        signed = coded(json.dumps({"alg": "HS256"}).encode()) + b"." + coded(json.dumps(body).encode())
        print((signed + b"." + coded(hmac.new(open(sys.argv[1], "rb").read().strip(), signed, hashlib.sha256).digest())).decode())
        """

    /// - Parameters:
    ///   - claims: of ours, JSON.
    ///   - secret: a file.
    ///   - life: seconds from now.
    static func token(_ claims: String, secret: String, life: Int = 600) async throws -> String {
        try await Program.run(["python3", "-c", program, secret, "\(life)", claims]).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

import Foundation
import JWTKit
import Testing

@testable import SluiceIdentity

@Suite struct TokenReaderTests {
    private let signer = Signer()
    private let reader = TokenReader(TokenPolicy(audience: "sluice"))

    private func fault(_ token: String, _ keys: KeySet, _ policy: TokenPolicy = TokenPolicy(audience: "sluice")) -> TokenFault? {
        do {
            _ = try TokenReader(policy).claims(of: token, by: keys, at: Signer.now)
            return nil
        } catch { return error }
    }

    @Test func whatATokenSaysIsRead() async throws {
        let claims = try reader.claims(of: try await signer.token(), by: try await signer.keys, at: Signer.now)
        #expect(claims.subject == "somebody" && claims.tenant == "acme" && claims.role == "operate" && claims.expires == 1_800_000_060)
        #expect(claims.mayPublish("cam-1") && claims.mayPublish("cam-") && !claims.mayPublish("cam") && !claims.mayPublish("other"))
        #expect(claims.mayView("cam-1") && !claims.mayView("cam-10"), "a name without a star is that name alone")
    }

    @Test func whatIsNotSaidMayNotBeDone() async throws {
        let bare = try reader.claims(
            of: try await signer.token(Signer.claims(without: ["sluice", "sub"])), by: try await signer.keys, at: Signer.now)
        #expect(!bare.mayPublish("cam-1") && !bare.mayView("cam-1") && bare.role == nil && bare.tenant == nil && bare.subject == nil)
    }

    @Test func timesAreHeldToWithTheLeeway() async throws {
        let keys = try await signer.keys
        let token = try await signer.token(Signer.claims(["exp": 1_799_999_971]))
        #expect(fault(token, keys) == nil, "29 s over, and 30 are let pass")
        #expect(fault(try await signer.token(Signer.claims(["exp": 1_799_999_970])), keys) == .expired(seconds: 30))
        var strict = TokenPolicy(audience: "sluice")
        strict.leeway = 0
        #expect(fault(token, keys, strict) == .expired(seconds: 29))
        #expect(fault(try await signer.token(Signer.claims(["nbf": 1_800_000_030])), keys) == nil)
        #expect(fault(try await signer.token(Signer.claims(["nbf": 1_800_000_031])), keys) == .notYet(seconds: 31))
        #expect(fault(try await signer.token(Signer.claims(without: ["exp"])), keys) == .neverExpires)
        let odd = fault(try await signer.token(Signer.claims(["exp": "tomorrow"])), keys)
        #expect(odd == .malformed("its claim 'exp' is no number of seconds"))
    }

    @Test func whomItIsForMustBeSaid() async throws {
        let keys = try await signer.keys
        #expect(fault(try await signer.token(Signer.claims(without: ["aud"])), keys) == .noAudience(right: "sluice"))
        #expect(fault(try await signer.token(Signer.claims(["aud": "bank"])), keys) == .wrongAudience(["bank"], right: "sluice"))
        #expect(fault(try await signer.token(Signer.claims(["aud": ["bank", "sluice"]])), keys) == nil)
        var picky = TokenPolicy(audience: "sluice")
        picky.issuer = "https://login.example"
        #expect(fault(try await signer.token(), keys, picky) == .wrongIssuer(nil, right: "https://login.example"))
        #expect(fault(try await signer.token(Signer.claims(["iss": "https://login.example"])), keys, picky) == nil)
    }

    @Test func anotherKeyIsToldFromAnUnknownOne() async throws {
        let keys = try await signer.keys
        let stranger = Signer()
        #expect(fault(try await stranger.token(), keys) == .wrongKey, "the same name, another key")
        #expect(fault(try await stranger.token(kid: "two"), keys) == .unknownKey("two"))
        #expect(fault(try await stranger.token(kid: nil), keys) == .wrongKey)
        #expect(fault(try await signer.token(kid: nil), keys) == nil, "each is tried for one that names none")
        #expect(fault(try await signer.token(), .none) == .noKeys)
        let good = try await signer.token()
        let parts = good.split(separator: ".").map(String.init)
        let payload = Signer.base64URL(Data(#"{"aud":"sluice","exp":1900000000,"sluice":{"role":"admin"}}"#.utf8))
        #expect(fault("\(parts[0]).\(payload).\(parts[2])", keys) == .wrongKey, "changed since")
        #expect(fault("\(parts[0]).\(parts[1]).", keys) == .wrongKey, "without a signature")
    }

    @Test(arguments: ["none", "None", "nOnE"]) func algNoneIsNoSignature(name: String) async throws {
        let token = Signer.token(try await signer.token(), header: #"{"alg":"\#(name)","kid":"one"}"#)
        let unsigned = token.split(separator: ".").dropLast().joined(separator: ".") + "."
        let keys = try await signer.keys
        #expect(fault(token, keys) == .unsigned && fault(unsigned, keys) == .unsigned)
    }

    /// The public key, as everybody knows it, is no secret of HMAC.
    @Test func aPublicKeyIsNoSecret() async throws {
        let keys = try await signer.keys
        let pem = signer.key.publicKey.pemRepresentation
        let forged = try await Signer.token(secret: pem)
        #expect(fault(forged, keys) == .unknownKey(nil))
        var few = TokenPolicy(audience: "sluice")
        few.algorithms = ["ES256", "EdDSA"]
        #expect(fault(forged, keys, few) == .algorithm("HS256", right: ["ES256", "EdDSA"]))
    }

    @Test func aSecretIsTakenWhateverTheKeyIsCalled() async throws {
        let keys = try await KeySet(secret: Array(Signer.secret.utf8))
        #expect(fault(try await Signer.token(), keys) == nil)
        #expect(fault(try await Signer.token(secret: "another secret, and also a long one"), keys) == .wrongKey)
        #expect(fault(try await signer.token(), keys) == .unknownKey("one"), "no key of that kind")
    }

    @Test(arguments: [(32, 1), (47, 1), (48, 2), (63, 2), (64, 3)]) func aSecretServesTheHashesThatItIsLongEnoughFor(
        size: Int, count: Int
    ) async throws {
        let secret = String(repeating: "s", count: size)
        let keys = try await KeySet(secret: Array(secret.utf8))
        let names = ["HS256", "HS384", "HS512"]
        let parts = try await Signer.token(secret: secret).split(separator: ".")
        for (place, name) in names.enumerated() {
            let token = Signer.token(parts.joined(separator: "."), header: #"{"alg":"\#(name)"}"#)
            #expect(fault(token, keys) == (place < count ? .wrongKey : .unknownKey(nil)), "\(name)")
        }
    }

    @Test(arguments: [
        "", "a", "a.b", "a.b.c.d", "....", "e30.e30.e30", "!!.e30.e30", "eyJhbGciOiJFUzI1NiJ9=.e30.e30", "bnVsbA.bnVsbA.bnVsbA",
    ]) func whatIsNoTokenIsSaidToBeNone(text: String) async throws {
        let found = fault(text, try await signer.keys)
        if case .malformed = found {} else { Issue.record("'\(text)': \(String(describing: found))") }
    }

    @Test func aLongOneIsNotLookedAt() async throws {
        let found = fault(String(repeating: "a", count: 9000) + ".b.c", try await signer.keys)
        #expect(found == .malformed("it has more than 8192 bytes"))
    }

    @Test func whatMustBeUnderstoodAndIsNotIsRefused() async throws {
        let token = Signer.token(try await signer.token(), header: #"{"alg":"ES256","kid":"one","crit":["b64"],"b64":false}"#)
        #expect(fault(token, try await signer.keys)?.description.contains("crit") == true)
    }
}

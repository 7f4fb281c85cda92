import SluiceTypes
import Synchronization

/// Tells whose a token is. What was found good is remembered until it ends or the keys change, so that a viewer who comes for each part
/// costs a look into a table.
package final class TokenVerifier: Sendable {
    /// Viewers with a token each; some hundred bytes apiece.
    private static let mostRemembered = 20_000

    package typealias Verdict = Result<TokenClaims, TokenFault>

    private struct Memory {
        var generation = 0
        var claims: [String: TokenClaims] = [:]
    }

    private let policy: TokenPolicy
    private let reader: TokenReader
    private let ring: KeyRing
    private let memory = Mutex(Memory())
    private let clock: @Sendable () -> Int64

    /// - Parameter clock: Unix seconds.
    package init(
        _ policy: TokenPolicy, ring: KeyRing, clock: @escaping @Sendable () -> Int64 = { wallClockNanoseconds() / 1_000_000_000 }
    ) {
        self.policy = policy
        reader = TokenReader(policy)
        self.ring = ring
        self.clock = clock
    }

    /// At once, on any thread: a token that was seen takes under a microsecond, another the time of a signature.
    ///
    /// - Returns: `nil` where the keys must be read again first: ask `verdict` then.
    package func known(_ token: String) -> Verdict? {
        let verdict = check(token)
        switch verdict {
        case .failure(.unknownKey), .failure(.noKeys): return ring.mayRenew ? nil : verdict
        default: return verdict
        }
    }

    package func verdict(on token: String) async -> Verdict {
        if let known = known(token) { return known }
        await ring.renewed()
        return check(token)
    }

    private func check(_ token: String) -> Verdict {
        let now = clock()
        let (keys, generation) = ring.keys
        let remembered = memory.withLock { memory -> TokenClaims? in
            guard memory.generation == generation else {
                memory = Memory(generation: generation)
                return nil
            }
            return memory.claims[token]
        }
        if let remembered {
            let end = remembered.expires + policy.leeway
            if end > now { return .success(remembered) }
            return .failure(.expired(seconds: now - remembered.expires))
        }
        do {
            let claims = try reader.claims(of: token, by: keys, at: now)
            remember(claims, of: token, generation, at: now)
            return .success(claims)
        } catch { return .failure(error) }
    }

    private func remember(_ claims: TokenClaims, of token: String, _ generation: Int, at now: Int64) {
        memory.withLock { memory in
            guard memory.generation == generation else { return }
            if memory.claims.count >= Self.mostRemembered {
                memory.claims = memory.claims.filter { $0.value.expires + policy.leeway > now }
                if memory.claims.count >= Self.mostRemembered { memory.claims = [:] }
            }
            memory.claims[token] = claims
        }
    }
}

/// Why a token lets nobody in.
package enum TokenFault: Error, Hashable, Sendable, CustomStringConvertible {
    case malformed(String)
    /// `alg` is `none`, in whatever letters.
    case unsigned
    case algorithm(String, right: [String])
    /// No key has the name that the token gives, nor any that could have made it.
    case unknownKey(String?)
    case wrongKey
    case neverExpires
    case expired(seconds: Int64)
    case notYet(seconds: Int64)
    case noAudience(right: String)
    case wrongAudience([String], right: String)
    case wrongIssuer(String?, right: String)
    /// They could not be read, or fetched, so far.
    case noKeys

    package var description: String {
        switch self {
        case .malformed(let what): "the token cannot be read: \(what)"
        case .unsigned: "the token is not signed (alg none)"
        case .algorithm(let name, let right): "the token is signed by \(name.prefix(40)); \(right.joined(separator: ", ")) are right here"
        case .unknownKey(let name?): "nobody's key here is called '\(name.prefix(100))', which the token names as its own"
        case .unknownKey(nil): "no key here is of the kind that the token was signed by"
        case .wrongKey: "the token was not signed by a key that is known here, or was changed since"
        case .neverExpires: "the token has no exp; it must say when it ends"
        case .expired(let seconds): "the token ended \(seconds) s ago"
        case .notYet(let seconds): "the token begins in \(seconds) s (nbf)"
        case .noAudience(let right): "the token says not whom it is for; aud '\(right)' is right here"
        case .wrongAudience(let told, let right):
            "the token is for '\(told.joined(separator: "', '").prefix(200))'; aud '\(right)' is right here"
        case .wrongIssuer(let told, let right):
            "the token is by \(told.map { "'\($0.prefix(200))'" } ?? "nobody"); iss '\(right)' is right here"
        case .noKeys: "the keys that tokens are checked by are not there yet"
        }
    }
}

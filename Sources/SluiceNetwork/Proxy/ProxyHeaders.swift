import HTTPTypes
import NIOCore
import NIOHTTP1

/// What may be passed on of a request and of an answer (RFC 9110 §7.6.1).
enum ProxyHeaders {
    private static let hopByHop: Set<HTTPField.Name> = [
        .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer, .transferEncoding, .upgrade,
    ]

    /// - Parameter isUpgrade: `Connection` and `Upgrade` go along, as they are what is asked for.
    static func request(_ request: HTTPRequest, _ forward: ProxyForward, isUpgrade: Bool) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: forward.authority.hostHeader)
        let named = Set(
            request.headerFields[values: .connection].flatMap { $0.split(separator: ",") }.compactMap {
                HTTPField.Name(String($0.trimming(while: \.isWhitespace)))
            })
        for field in request.headerFields where !hopByHop.contains(field.name) && !named.contains(field.name) {
            // We say "continue" ourselves.
            if field.name == .expect || forward.headers.contains(field.name) || forward.drops.contains(field.name) { continue }
            if forward.body != nil, field.name == .contentLength { continue }
            headers.add(name: field.name.rawName, value: field.value)
        }
        for field in forward.headers { headers.add(name: field.name.rawName, value: field.value) }
        if let body = forward.body { headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
        if isUpgrade {
            headers.add(name: "Connection", value: "Upgrade")
            headers.add(name: "Upgrade", value: request.headerFields[.upgrade] ?? "websocket")
        } else if forward.body == nil, request.headerFields[.contentLength] == nil, request.headerFields[.transferEncoding] != nil {
            headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: forward.path, headers: headers)
    }

    static func response(_ head: HTTPResponseHead, _ forward: ProxyForward) -> HTTPResponse {
        var fields = HTTPFields()
        let named = head.headers[canonicalForm: "connection"].map { String($0).lowercased() }
        for (name, value) in head.headers {
            guard let name = HTTPField.Name(name), !hopByHop.contains(name), !named.contains(name.canonicalName),
                !forward.answerHeaders.contains(name)
            else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        for field in forward.answerHeaders { fields.append(field) }
        if head.status == .switchingProtocols {
            fields[.connection] = "Upgrade"
            fields[.upgrade] = head.headers.first(name: "upgrade") ?? "websocket"
        }
        return HTTPResponse(status: .init(code: Int(head.status.code), reasonPhrase: head.status.reasonPhrase), headerFields: fields)
    }

    static func isUpgrade(_ request: HTTPRequest) -> Bool {
        request.headerFields[.upgrade] != nil
            && request.headerFields[values: .connection].contains { $0.lowercased().contains("upgrade") }
    }

    /// Whether sending it twice does what sending it once does (RFC 9110 §9.2.2).
    static func isIdempotent(_ request: HTTPRequest) -> Bool {
        switch request.method {
        case .get, .head, .put, .delete, .options, .trace: true
        default: request.headerFields[.idempotencyKey] != nil
        }
    }
}

extension HTTPField.Name {
    static let keepAlive = named("Keep-Alive")
    static let proxyConnection = named("Proxy-Connection")
    static let idempotencyKey = named("Idempotency-Key")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("`\(text)` is a header name") }
        return name
    }
}

extension HTTPAuthority {
    /// Without the port where the scheme says it.
    var hostHeader: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
    }
}

extension StringProtocol {
    func trimming(while predicate: (Character) -> Bool) -> String {
        var text = Substring(self)
        while let first = text.first, predicate(first) { text = text.dropFirst() }
        while let last = text.last, predicate(last) { text = text.dropLast() }
        return String(text)
    }
}

import HTTPTypes

/// `POST /api/v1/session` with a bearer token keeps that token in a cookie of the browser, `DELETE` takes it away. What a page's `video`
/// loads can carry no header.
struct ConsoleSession {
    private static let attributes = "; Path=/; HttpOnly; SameSite=Strict"
    /// A shift; seconds.
    private static let life = 12 * 3600

    func answer(_ request: APIRequest) throws -> APIAnswer {
        switch request.method {
        case .post:
            let field = request.head.headerFields[.authorization] ?? ""
            let token = field.split(separator: " ", maxSplits: 1).last.map(String.init) ?? ""
            // It was let in with this token, or tokens are not asked for.
            guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ",") })
            else {
                throw APIProblem(
                    .badRequest, "no-token", "there is no token that a cookie could keep", at: "header Authorization",
                    right: "Authorization: Bearer TOKEN")
            }
            var answer = APIAnswer(json: ["name": request.visitor.name, "role": request.visitor.role.rawValue])
            answer.headers[.setCookie] = "\(Access.cookie)=\(token); Max-Age=\(Self.life)\(Self.attributes)"
            return answer
        case .delete:
            return APIAnswer(status: .noContent, headers: [.setCookie: "\(Access.cookie)=; Max-Age=0\(Self.attributes)"])
        default: throw APIProblem.wrongMethod(request, right: [.post, .delete])
        }
    }
}

import HTTPTypes
import SluiceTypes
import Testing

@testable import SluiceNetwork

@Suite struct ViewerPathTests {
    private func head(_ path: String, _ fields: HTTPFields = [:]) -> HTTPRequest {
        HTTPRequest(method: .get, scheme: "http", authority: "host", path: path, headerFields: fields)
    }

    @Test(
        arguments: [
            ("/ll/cam.m3u8", nil, "/ll/cam.m3u8", nil),
            ("/ll/cam.m3u8?token=a.b.c", "a.b.c", "/ll/cam.m3u8", "/t/a.b.c/ll/cam.m3u8"),
            ("/ll/cam.m3u8?x=1&jwt=a%20b&_HLS_msn=4", "a b", "/ll/cam.m3u8?x=1&_HLS_msn=4", "/t/a%20b/ll/cam.m3u8?x=1&_HLS_msn=4"),
            ("/stream/cam/source/4.ts?token=x", "x", "/stream/cam/source/4.ts", nil),
            ("/t/x/ll/cam/source.m3u8?_HLS_msn=4", "x", "/ll/cam/source.m3u8?_HLS_msn=4", nil),
            ("/t/a%2Fb/ll/cam.m3u8", "a/b", "/ll/cam.m3u8", nil),
            ("/stream/cam.m3u8?token=/../x", "/../x", "/stream/cam.m3u8", "/t/%2F..%2Fx/stream/cam.m3u8"),
        ] as [(String, String?, String, String?)])
    func theTokenIsTakenOut(path: String, token: String?, rest: String, inherited: String?) throws {
        let asked = try #require(ViewerPath(head(path)))
        #expect(asked.token?.text == token && asked.path == rest && asked.inherited == inherited)
    }

    @Test(arguments: ["/t/", "/t/x", "/t//ll/cam.m3u8", "/t/%ZZ/ll/cam.m3u8"]) func whatGoesOnAsNoneIsNone(path: String) {
        #expect(ViewerPath(head(path)) == nil)
    }

    @Test func aHeaderCountsMoreThanAQuery() {
        let token = ShownToken(head("/ll/cam.m3u8?token=query", [.authorization: "bearer header"]))
        #expect(token == ShownToken("header", in: .header))
        #expect(ShownToken(head("/", [.authorization: "Basic x"])) == nil)
    }

    @Test(arguments: [
        ("/ll/cam.m3u8", "cam"), ("/ll/cam/source.m3u8", "cam"), ("/ll/cam/source/part-4.m4s", "cam"), ("/stream/c%61m/x/0.ts", "cam"),
    ]) func theStreamIsTheOneThatIsServed(path: String, stream: String) {
        #expect(ViewerPath.stream(of: path)?.rawValue == stream)
    }

    @Test(arguments: ["/ll", "/ll/", "/ll/cam", "/ll//cam.m3u8", "/ll/../cam.m3u8", "/ll/cam%2Fother/x.m3u8", "/"])
    func whatNamesNoStreamNamesNone(path: String) {
        #expect(ViewerPath.stream(of: path) == nil)
    }

    @Test(
        arguments: [
            (nil, "live", "cam?token=a", "a"), ("rtmp://h/live?jwt=b", "live?jwt=b", "cam", "b"),
            ("rtmp://h/live?token=c", "live", "cam", "c"),
            ("rtmp://d%2E@h/live", "live", "cam", "d."), ("rtmp://e:pw@h/live", "live", "cam", "e"),
            ("rtmp://h/live", "live", "cam?tok=x", nil),
            ("rtmp://h:1/live", "live", "cam/key?x=1&token=f", "f"), (nil, "live", "cam", nil),
        ] as [(String?, String, String, String?)])
    func rtmpPeersShowItInOneOfThreePlaces(connect: String?, app: String, name: String, token: String?) {
        #expect(ShownToken.rtmp(connect: connect, app: app, name: name) == token)
    }

    @Test func answersAreOneViewersAlone() {
        let kept = ViewerDoor.keepPrivate([.cacheControl: "public, max-age=86400, immutable", .accessControlAllowHeaders: "Range"])
        #expect(kept[.cacheControl] == "private, max-age=86400, immutable" && kept[.accessControlAllowHeaders] == "Range, Authorization")
        #expect(ViewerDoor.keepPrivate([.cacheControl: "max-age=1"])[.cacheControl] == "private, max-age=1")
        #expect(ViewerDoor.keepPrivate([.cacheControl: "no-store"])[.cacheControl] == "no-store")
    }
}

import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import SluiceTypes
import SluiceWire
import Synchronization
import Testing

@testable import SluiceNetwork

/// A registry on the loopback with one image, which has nothing but BusyBox (OCI Distribution Specification, "Pulling manifests").
final class ImageShelf: HTTPResponder {
    static let user = "reader"
    static let password = "pa:ss/wörd+"
    static let image = "open/web"

    /// Makes the image's blobs, each a file named by its digest; the manifest's is told.
    private static let script = """
        set -e
        mkdir -p root/bin root/tmp root/proc root/dev root/sys root/etc root/www blobs
        cp "$(command -v busybox)" root/bin/busybox
        for name in sh httpd cat grep touch tail sleep; do ln -s busybox root/bin/$name; done
        echo ok > root/www/health
        chmod -R go+rX root
        tar -C root -c . > layer
        sum() { sha256sum "$1" | cut -d' ' -f1; }
        size() { stat -c %s "$1"; }
        case "$(uname -m)" in aarch64) machine=arm64;; *) machine=amd64;; esac
        printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \\
            $machine $(sum layer) > config
        gzip -1 -n layer
        kind=application/vnd.docker
        printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","size":%d,"digest":"sha256:%s"},"layers":[%s]}' \\
            $kind.distribution.manifest.v2+json $kind.container.image.v1+json $(size config) $(sum config) \\
            "$(printf '{"mediaType":"%s","size":%d,"digest":"sha256:%s"}' \\
            $kind.image.rootfs.diff.tar.gzip $(size layer.gz) $(sum layer.gz))" > manifest
        echo "layer $(sum layer.gz)"
        echo "manifest $(sum manifest)"
        for file in config layer.gz manifest; do mv $file blobs/$(sum $file); done
        """

    private let isClosed: Bool
    private let blobs: URL
    private let manifest: String
    private let layer: String
    /// The layer is held back until it opens, for who wants to see a pull under way.
    private let gates = Mutex<[String: Gate]>([:])
    /// Of the last request that had to have a login.
    private let seen = Mutex<String?>(nil)

    /// - Parameter folder: an empty one, for as long as it is used.
    init(in folder: URL) async throws {
        let log = RunnerLog()
        // The one that `scripts/test` has fetched needs no libraries, which what is installed may.
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = root.appending(path: ".build/engines/bin").path + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
        let maker = try await RunningProcess.start(
            ["bash", "-c", Self.script], environment: environment, directory: folder.path, log: log,
            group: MultiThreadedEventLoopGroup.singleton)
        let end = try await within(.seconds(30), of: "making an image") { await maker.exit() }
        func told(_ what: String) -> String? {
            log.lines.first { $0.hasPrefix("\(what) ") }.map { String($0.dropFirst(what.count + 1)) }
        }
        guard end == .code(0), let manifest = told("manifest"), let layer = told("layer") else {
            throw RunnerFault(.other, "no image can be made (it needs busybox-static): \(log.lines.joined(separator: "\n"))")
        }
        isClosed = false
        blobs = folder.appending(path: "blobs")
        self.manifest = manifest
        self.layer = layer
    }

    /// - Parameter other: it gives the same to anybody.
    init(closed other: ImageShelf) {
        isClosed = true
        (blobs, manifest, layer) = (other.blobs, other.manifest, other.layer)
    }

    /// - Returns: opened, it lets the layer of that name go.
    func hold(_ name: String) -> Gate {
        let gate = Gate()
        gates.withLock { $0[name] = gate }
        return gate
    }

    var lastLogin: String? { seen.withLock { $0 } }

    func respond(to request: HTTPServerRequest, with writer: HTTPResponseWriter) async throws {
        let path = String((request.head.path ?? "").prefix { $0 != "?" })
        let isWhole = request.head.method == .get
        if isClosed, !isLoggedIn(request) { return try await refuse(.unauthorized, "UNAUTHORIZED", "authentication required", writer) }
        if path == "/v2/" {
            return try await writer.send(.ok, headers: [.contentType: "application/json"], body: ByteBuffer(string: "{}"))
        }
        // /v2/NAME/manifests|blobs/REFERENCE
        let parts = path.dropFirst("/v2/".count).split(separator: "/").map(String.init)
        guard path.hasPrefix("/v2/"), parts.count == 4 else { return try await refuse(.notFound, "NAME_UNKNOWN", "no such image", writer) }
        let name = parts[0] + "/" + parts[1]
        guard name == Self.image || name.hasPrefix("slow/") else {
            return try await refuse(.notFound, "NAME_UNKNOWN", "repository name not known to registry", writer)
        }
        let isManifest = parts[2] == "manifests"
        guard !isManifest || parts[3] == "1" || parts[3] == "sha256:\(manifest)" else {
            return try await refuse(.notFound, "MANIFEST_UNKNOWN", "manifest unknown", writer)
        }
        let digest = isManifest ? manifest : String(parts[3].dropFirst("sha256:".count))
        guard digest.utf8.allSatisfy({ RunnerForm.isUnreserved($0) && $0 != UInt8(ascii: ".") }),
            let content = FileManager.default.contents(atPath: blobs.appending(path: digest).path)
        else { return try await refuse(.notFound, "BLOB_UNKNOWN", "blob unknown to registry", writer) }
        var headers: HTTPFields = [
            .contentType: isManifest ? "application/vnd.docker.distribution.manifest.v2+json" : "application/octet-stream",
            .contentLength: "\(content.count)",
        ]
        if let digestName = HTTPField.Name("Docker-Content-Digest") { headers[digestName] = "sha256:\(digest)" }
        try await writer.begin(.ok, headers: headers)
        if isWhole {
            let half = content.count / 2
            try await writer.write(ByteBuffer(bytes: content[..<half]))
            if digest == layer, let gate = gates.withLock({ $0[name] }) { await gate.wait() }
            try await writer.write(ByteBuffer(bytes: content[half...]))
        }
        try await writer.finish()
    }

    private func isLoggedIn(_ request: HTTPServerRequest) -> Bool {
        guard let given = request.head.headerFields[.authorization] else { return false }
        seen.withLock { $0 = given }
        return given == "Basic " + Data("\(Self.user):\(Self.password)".utf8).base64EncodedString()
    }

    private func refuse(_ status: HTTPResponse.Status, _ code: String, _ message: String, _ writer: HTTPResponseWriter) async throws {
        var headers: HTTPFields = [.contentType: "application/json"]
        if status == .unauthorized { headers[.wwwAuthenticate] = #"Basic realm="shelf""# }
        let json = #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#
        try await writer.send(status, headers: headers, body: ByteBuffer(string: json))
    }
}

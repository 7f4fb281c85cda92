import Foundation
import Logging
import NIOPosix
import SluiceTypes
import Testing

@testable import SluiceNetwork

/// A peer that shares no line of code with us: grpcio, over a real socket with TLS. Needs python3 with grpcio and
/// grpcio-tools (scripts/test installs them).
@Suite struct OrchestratorPeerTests {
    @Test(.timeLimit(.minutes(1))) func grpcioGetsEverythingRight() async throws {
        let certificate = try SelfSignedCertificate.make(host: "localhost")
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let endpoint = try OrchestratorEndpoint(
            service: ScriptedService(), serviceURI: "https://localhost:8935", version: "0.1.0", logger: logger)
        let server = HTTPServer(
            host: "127.0.0.1", port: 0,
            tls: HTTPServerTLS(certificatePEM: certificate.certificatePEM, keyPEM: certificate.keyPEM), responder: endpoint,
            group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let port = try await server.start()
        let output = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            let output = try await Self.runClient(port: port, certificatePEM: certificate.certificatePEM)
            group.cancelAll()
            return output
        }
        #expect(output.hasSuffix("ok\n"), "\(output)")
    }

    private static func runClient(port: Int, certificatePEM: String) async throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "peer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = folder.appending(path: "certificate.pem")
        let segment = folder.appending(path: "segment")
        let log = folder.appending(path: "log")
        let source = Array("a segment from python".utf8)
        try Data(certificatePEM.utf8).write(to: certificate)
        try Data(source).write(to: segment)
        try Data().write(to: log)

        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let root = here.appending(path: "../../../..").standardizedFileURL
        let hash = Keccak256.hash(source).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let client = Process()
        client.executableURL = URL(filePath: "/usr/bin/env")
        client.arguments = [
            "python3", root.appending(path: "Fixtures/wire/grpc_client.py").path, "\(port)", certificate.path,
            root.appending(path: "Sources/SluiceProto").path, hash,
        ]
        client.standardInput = try FileHandle(forReadingFrom: segment)
        let sink = try FileHandle(forWritingTo: log)
        client.standardOutput = sink
        client.standardError = sink
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            client.terminationHandler = { _ in done.resume() }
            do { try client.run() } catch {
                client.terminationHandler = nil
                done.resume(throwing: error)
            }
        }
        return try String(contentsOf: log, encoding: .utf8)
    }
}

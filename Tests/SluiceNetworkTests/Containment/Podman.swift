import Foundation
import NIOPosix
import SluiceTypes
import SluiceWire
import Testing

@testable import SluiceNetwork

/// Podman's service at a socket of its own, with one image that has nothing but BusyBox, for the length of a test.
struct Podman: Sendable {
    static let image = "localhost/sluice-test"
    let socket: String

    /// As much as a machine without control groups and bridges can give.
    private static let settings = """
        [containers]
        cgroups = "disabled"
        netns = "host"
        default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "file"
        """

    private static let script = """
        set -e
        umount /sys/fs/cgroup/unified 2>/dev/null || true
        mkdir -p root/bin root/tmp root/proc root/dev root/sys root/etc root/www
        cp "$(command -v busybox)" root/bin/busybox
        ln -s busybox root/bin/sh
        echo ok > root/www/health
        podman="podman --root $PWD/storage --runroot $PWD/run --storage-driver vfs"
        tar -C root -c . | $podman import - localhost/sluice-test
        exec $podman system service --time=0 "unix://$PWD/engine.sock"
        """

    /// Where it cannot run, which is said, `body` is not called.
    static func running(_ body: (Podman) async throws -> Void) async throws {
        // A socket's path has at most 107 bytes.
        let folder = URL(filePath: "/tmp/sluice-podman-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(settings.utf8).write(to: folder.appending(path: "containers.conf"))
        let output = folder.appending(path: "output")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["unshare", "-m", "bash", "-c", script]
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging([
            "CONTAINERS_CONF": folder.appending(path: "containers.conf").path
        ]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: output)
        try process.run()
        defer { kill(process.processIdentifier, SIGKILL) }
        let podman = Podman(socket: folder.appending(path: "engine.sock").path)
        let engine = ContainerEngine(path: podman.socket, group: MultiThreadedEventLoopGroup.singleton)
        let end = ContinuousClock.now + .seconds(60)
        while true {
            if (try? await engine.list([:])) != nil { break }
            guard process.isRunning, ContinuousClock.now < end else {
                let text = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
                print("skipped: Podman does not run here: \(text.suffix(500))")
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        // A machine may have Podman and let it start nothing.
        if let refusal = await podman.refusal(engine) {
            print("skipped: Podman starts no containers here: \(refusal)")
            return
        }
        try await body(podman)
    }

    private func refusal(_ engine: ContainerEngine) async -> String? {
        do {
            let order = ContainerForm.create(Self.order(["true"]), label: "trial", owner: "trial", port: 1, address: "")
            let id = try await engine.create(order, name: "trial", order: Self.order([]))
            try await engine.start(id, order: Self.order([]))
            try await within(.seconds(20), of: "a container that ends at once") { try await engine.wait(id) }
            try await engine.remove(id)
            return nil
        } catch { return "\(error)" }
    }

    /// - Parameter arguments: of BusyBox.
    static func order(_ arguments: [String]) -> ContainerOrder {
        var order = ContainerOrder(image: image)
        order.network = "host"
        order.entrypoint = ["/bin/busybox"]
        order.arguments = arguments
        return order
    }
}

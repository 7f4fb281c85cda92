import NIOCore
import SluiceTypes
import SluiceWire
import Testing

@Suite struct ContainerFormTests {
    /// The fields are those of `ContainerCreate` in Docker's Engine API, version 1.44.
    @Test func aContainerIsAskedForAsTheEngineWantsIt() throws {
        var order = ContainerOrder(image: "r.example.com/w:1")
        order.arguments = ["--port", "{port}"]
        order.environment = ["MODEL": "base"]
        order.gpus = .all
        order.memory = 8 << 30
        order.sharedMemory = 1 << 30
        order.cpus = 1.5
        order.volumes = ["/models:/models:ro"]
        order.user = "1000:1000"
        let text = ContainerForm.create(order, label: "a", owner: "https://o:1", port: 9000, address: "https://o:1").text
        #expect(
            text
                == #"{"Image":"r.example.com/w:1","Cmd":["--port","9000"],"Env":["MODEL=base","PORT=9000","SLUICE_ORCHESTRATOR=https://o:1","#
                + #""SLUICE_RUNNER=a"],"User":"1000:1000","Labels":{"sluice.owner":"https://o:1","sluice.runner":"a","sluice.order":""#
                + ContainerForm.digest(of: order) + #"","sluice.port":"9000"},"ExposedPorts":{"9000/tcp":{}},"HostConfig":{"#
                + #""NetworkMode":"bridge","PortBindings":{"9000/tcp":[{"HostIp":"127.0.0.1","HostPort":""}]},"Memory":8589934592,"#
                + #""MemorySwap":8589934592,"NanoCpus":1500000000,"ShmSize":1073741824,"PidsLimit":4096,"ReadonlyRootfs":true,"#
                + #""Tmpfs":{"/tmp":"rw,nosuid,nodev"},"Binds":["/models:/models:ro"],"CapDrop":["ALL"],"SecurityOpt":["no-new-privileges"],"#
                + #""DeviceRequests":[{"Driver":"","Count":-1,"Capabilities":[["gpu"]]}],"#
                + #""LogConfig":{"Type":"json-file","Config":{"max-size":"10m","max-file":"1"}},"RestartPolicy":{"Name":"no"}}}"#)
        order.gpus = .devices(["0"])
        order.network = "host"
        let other = ContainerForm.create(order, label: "a", owner: "o", port: 1, address: "o")
        #expect(other["HostConfig"]?["PortBindings"] == nil && other["ExposedPorts"] == nil)
        #expect(other["HostConfig"]?["DeviceRequests"]?.text == #"[{"Driver":"","DeviceIDs":["0"],"Capabilities":[["gpu"]]}]"#)
    }

    @Test func anotherOrderIsAnotherDigest() {
        var order = ContainerOrder(image: "w")
        order.environment = Dictionary(uniqueKeysWithValues: (0..<20).map { ("K\($0)", "v") })
        let digest = ContainerForm.digest(of: order)
        var same = ContainerOrder(image: "w")
        for name in (0..<20).reversed() { same.environment["K\(name)"] = "v" }
        #expect(ContainerForm.digest(of: same) == digest)
        same.environment["K0"] = "w"
        #expect(ContainerForm.digest(of: same) != digest)
        same = order
        same.memory = 1
        #expect(ContainerForm.digest(of: same) != digest)
    }

    @Test(arguments: [
        (#"{"ApiVersion":"1.41","MinAPIVersion":"1.24"}"#, "1.41"), (#"{"ApiVersion":"1.52","MinAPIVersion":"1.44"}"#, "1.44"),
        (#"{"ApiVersion":"1.60","MinAPIVersion":"1.50"}"#, "1.50"), (#"{"ApiVersion":"1.9","MinAPIVersion":"1.2"}"#, "1.9"), ("{}", "1.44"),
    ])
    func theVersionIsOneThatBothKnow(answer: String, version: String) throws {
        #expect(ContainerForm.version(try JSONTree(parsing: answer.utf8)) == version)
    }

    @Test func whereItIsAndHowItEndedIsRead() throws {
        func json(_ text: String) throws -> JSONTree { try JSONTree(parsing: text.utf8) }
        let labels = #""Config":{"Labels":{"sluice.port":"9000"}}"#
        #expect(
            ContainerForm.url(
                try json(
                    "{\(labels),\"HostConfig\":{\"NetworkMode\":\"bridge\"},\"NetworkSettings\":{\"Ports\":{\"9000/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"32768\"}]}}}"
                )) == "http://127.0.0.1:32768")
        #expect(ContainerForm.url(try json("{\(labels),\"HostConfig\":{\"NetworkMode\":\"host\"}}")) == "http://127.0.0.1:9000")
        #expect(ContainerForm.url(try json("{\(labels),\"NetworkSettings\":{\"Ports\":{\"9000/tcp\":null}}}")) == nil)
        #expect(ContainerForm.exit(try json(#"{"State":{"Running":true}}"#)) == nil)
        #expect(ContainerForm.exit(try json(#"{"State":{"Running":false,"ExitCode":3}}"#)) == .code(3))
        #expect(ContainerForm.exit(try json(#"{"State":{"Running":false,"ExitCode":137}}"#)) == .signal(9))
        #expect(ContainerForm.exit(try json(#"{"State":{"Running":false,"ExitCode":137,"OOMKilled":true}}"#)) == .outOfMemory)
    }

    /// Messages as Docker 28 and Podman 4 give them.
    @Test(arguments: [
        (404, "No such image: w:latest", RunnerFault.Kind.noImage),
        // Neither of these is about an image.
        (500, "OCI runtime create failed: exec: \"/worker\": permission denied: unknown", .other),
        (404, "network x not found", .other), (400, "exec: \"worker\": executable file not found in $PATH", .other),
        (500, "could not select device driver \"\" with capabilities: [[gpu]]", .noGPU),
        (
            500, "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:9000 failed: port is already allocated",
            .portTaken
        ),
        (500, "something else", .other),
    ])
    func whatWentWrongIsSaidInWords(status: Int, message: String, kind: RunnerFault.Kind) {
        let fault = ContainerForm.fault(status, .members(["message": .text(message)]), doing: "starting", ContainerOrder(image: "w"))
        #expect(fault.kind == kind && fault.description.contains(message), "\(fault)")
    }

    @Test(arguments: [
        (
            404,
            "pull access denied for w, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            RunnerFault.Kind.pullDenied
        ),
        (500, "Head \"http://r/v2/w/manifests/1\": no basic auth credentials", .pullDenied),
        (500, "initializing source docker://r/w:1: reading manifest 1 in r/w: unauthorized", .pullDenied),
        (500, "manifest for w:9 not found: manifest unknown: manifest unknown", .noImage),
        (500, "initializing source docker://r/w:1: reading manifest 1 in r/w: name unknown", .noImage),
        (500, "dial tcp: lookup r: no such host", .other),
    ])
    func whyAnImageDoesNotComeIsSaidInWords(status: Int, message: String, kind: RunnerFault.Kind) {
        let body = JSONTree.members(["message": .text(message)])
        let fault = ContainerForm.refusedPull(status, body, ContainerOrder(image: "w"), nil)
        #expect(fault.kind == kind && fault.description.contains(message), "\(fault)")
    }

    @Test func aPullIsToldInMegabytes() throws {
        var progress = PullProgress()
        for line in [
            #"{"status":"Pulling from library/w","id":"latest"}"#,
            #"{"status":"Downloading","progressDetail":{"current":1000000,"total":90000000},"progress":"[>  ]","id":"a"}"#,
            #"{"status":"Downloading","progressDetail":{"current":5000000,"total":10000000},"id":"b"}"#,
            #"{"status":"Download complete","progressDetail":{},"id":"b"}"#,
            #"{"status":"Extracting","progressDetail":{"current":7,"total":10000000},"id":"b"}"#,
        ] { progress.take(try JSONTree(parsing: line.utf8)) }
        #expect(progress.words == "11 of 100 MB in 2 layers" && progress.failure == nil)
        progress.take(try JSONTree(parsing: #"{"errorDetail":{"message":"no space left"},"error":"no space left"}"#.utf8))
        #expect(progress.failure == "no space left")
    }

    @Test func theLogComesInFramesHoweverItIsCut() throws {
        let whole: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 3] + Array("ab\n".utf8) + [2, 0, 0, 0, 0, 0, 0, 2] + Array("c\n".utf8)
        for size in 1...whole.count {
            var frames = ContainerLogFrames()
            var text = ""
            for start in stride(from: 0, to: whole.count, by: size) {
                text += String(buffer: try frames.take(ByteBuffer(bytes: whole[start..<min(start + size, whole.count)])))
            }
            #expect(text == "ab\nc\n")
        }
        var frames = ContainerLogFrames()
        #expect(throws: ContainerLogFrames.Malformed.self) { try frames.take(ByteBuffer(string: "plain text, no frames")) }
    }
}

import SluiceTypes
import SluiceWire
import Testing

@Suite struct RunnerOrderFormTests {
    private func order(_ entry: String) throws -> RunnerOrder {
        let text = "{\"runners\":[{\"label\":\"a\",\"app\":\"x/y\",\"health_url\":\"/health\",\(entry)}]}"
        return try #require(try RunnerOrderForm.orders(try JSONTree(parsing: text.utf8)).first)
    }

    private func fault(_ entry: String) -> String {
        do { return "\(try order(entry))" } catch { return "\(error)" }
    }

    @Test func aContainerHasWhatItIsGiven() throws {
        let order = try order(
            """
            "image":"r.example.com/w:1","args":["--port","{port}",3],"env":{"MODEL":"base","N":2},"port":9000,"gpus":[0,"GPU-1"],
            "memory":"8GiB","shm":"512M","cpus":1.5,"tmpfs":["/tmp","/run"],"volumes":["/models:/models:ro"],"read_only":false,"user":"1000",
            "pull":"always","network":"host","capacity":2,"mode":"single-shot","gpu":0,"port_env":"LISTEN"
            """)
        guard case .container(let container) = order.source else { throw JSONFault("no container") }
        #expect(container.arguments == ["--port", "{port}", "3"] && container.environment == ["MODEL": "base", "N": "2"])
        #expect(container.gpus == .devices(["0", "GPU-1"]) && container.memory == 8 << 30 && container.sharedMemory == 512 << 20)
        #expect(container.cpus == 1.5 && container.tmpfs == ["/tmp", "/run"] && container.volumes == ["/models:/models:ro"])
        #expect(!container.isReadOnly && container.user == "1000" && container.pull == .always && container.network == "host")
        #expect(container.port == 9000 && container.portVariable == "LISTEN")
        #expect(order.facts.capacity == 2 && order.facts.mode == .singleShot && order.facts.url.isEmpty && order.kind == "image")
        let runner = order.runner(at: "http://127.0.0.1:41")
        #expect(runner.facts.url == "http://127.0.0.1:41" && runner.health.url == "http://127.0.0.1:41/health" && runner.health.isKept)
    }

    @Test func whatIsNotSaidIsSafe() throws {
        guard case .container(let container) = try order("\"image\":\"w\"").source else { throw JSONFault("no container") }
        #expect(container.isReadOnly && container.gpus == .none && container.network == "bridge" && container.pull == .missing)
        #expect(container.tmpfs == ["/tmp"] && container.volumes.isEmpty && container.port == 8000 && container.arguments == nil)
    }

    @Test func aProgramAndOneElsewhereAreReadToo() throws {
        let program = try order("\"command\":[\"python3\",\"w.py\",\"{port}\"],\"env\":{\"A\":\"b\"},\"directory\":\"/srv\"")
        #expect(
            program.source
                == .process(
                    ProcessOrder(command: ["python3", "w.py", "{port}"], environment: ["A": "b"], directory: "/srv", portVariable: "PORT")))
        for key in ["runner_url", "url"] {
            let elsewhere = try order("\"\(key)\":\"http://h:1/base/\"")
            #expect(elsewhere.source == .elsewhere && elsewhere.facts.url == "http://h:1/base" && !elsewhere.isOurs)
            #expect(elsewhere.runner(at: elsewhere.facts.url).health.url == "http://h:1/health")
        }
    }

    @Test(arguments: [
        (
            "\"version\":\"1\"",
            "one of runner_url (it runs elsewhere), command (a program to start) and image (a container) is right, there is none"
        ),
        ("\"image\":\"w\",\"command\":[\"x\"]", "there are command and image"),
        ("\"image\":\"w\",\"memmory\":\"8G\"", "'memmory' is no key of a runner with image; right are app, args"),
        ("\"command\":[\"x\"],\"gpus\":1", "'gpus' is no key of a runner with command"),
        ("\"runner_url\":\"http://h:1\",\"memory\":\"1G\"", "memory is for a runner with command or image; this one runs elsewhere"),
        ("\"command\":[]", "command: a list of texts is right, such as [python3, worker.py]"),
        ("\"command\":\"python3 w.py\"", "command: a list of texts is right"),
        ("\"image\":\"a b\"", "image 'a b': a name like registry.example.com/worker:1.2 is right"),
        ("\"image\":\"w\",\"pull\":\"often\"", "pull 'often': missing, always or never is right"),
        ("\"image\":\"w\",\"memory\":\"lots\"", "memory: bytes, or a number with k, M, G or T are right, such as 8G or 512MiB"),
        ("\"image\":\"w\",\"memory\":-1", "memory: bytes"), ("\"image\":\"w\",\"memory\":\"9999999T\"", "memory: bytes"),
        ("\"image\":\"w\",\"port\":0", "port 0: 1 to 65535 is right"),
        ("\"image\":\"w\",\"gpus\":\"some\"", "gpus: all, a number of them, or a list of indices or identifiers is right"),
        ("\"image\":\"w\",\"gpus\":[]", "gpus: all"), ("\"image\":\"w\",\"cpus\":0", "cpus: a number from 0.01 to 1024 is right"),
        ("\"image\":\"w\",\"volumes\":[\"/a\"]", "volumes '/a': HOST:/CONTAINER or HOST:/CONTAINER:ro is right"),
        ("\"image\":\"w\",\"tmpfs\":[\"tmp\"]", "tmpfs 'tmp': an absolute path is right"),
        ("\"image\":\"w\",\"env\":{\"A-B\":\"1\"}", "env 'A-B': letters, digits and '_' are right in a name"),
        ("\"image\":\"w\",\"env\":{\"A\":[1]}", "env A: a text is right"),
        ("\"image\":\"w\",\"port_env\":\"1X\"", "port_env '1X'"),
        ("\"image\":\"w\",\"read_only\":\"no\"", "read_only: true or false is right"),
    ])
    func whatIsWrongIsNamed(entry: String, words: String) {
        let text = fault(entry)
        #expect(text.hasPrefix("runners[0]: ") && text.contains(words), "\(text)")
    }

    @Test func aLabelIsThereOnce() throws {
        let one = "{\"label\":\"a\",\"app\":\"x\",\"health_url\":\"/\",\"image\":\"w\"}"
        #expect(throws: JSONFault("runners[1]: label 'a' is there twice")) {
            try RunnerOrderForm.orders(try JSONTree(parsing: "{\"runners\":[\(one),\(one)]}".utf8))
        }
    }
}

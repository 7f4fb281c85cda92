import Foundation
package import SluiceTypes

/// What an operator writes of runners in the settings: as he registers them (specs/byoc §12.1), and besides a program or an image that is
/// to be started.
package enum RunnerOrderForm {
    private static let mostArguments = 1000
    private static let longestArgument = 32 << 10
    private static let mostMemory = 1 << 50

    private static let everyKind: Set<String> = [
        "label", "routing", "proxy", "health_url", "healthy_status_code", "app", "version", "metadata", "mode", "capacity", "gpu",
        "price_info",
    ]
    private static let ours: Set<String> = ["env", "port_env"]
    private static let ofProcesses: Set<String> = ["command", "directory"]
    private static let ofContainers: Set<String> = [
        "image", "pull", "args", "entrypoint", "port", "network", "gpus", "memory", "shm", "cpus", "tmpfs", "volumes", "read_only", "user",
    ]

    /// - Parameter json: `{"runners": […]}`.
    package static func orders(_ json: JSONTree) throws(JSONFault) -> [RunnerOrder] {
        guard let list = json["runners"]?.elements else { throw JSONFault("runners is required: a list of runners") }
        guard list.count <= RunnerForm.mostInBatch else {
            throw JSONFault("runners: at most \(RunnerForm.mostInBatch) at once, these are \(list.count)")
        }
        var labels: Set<String> = []
        var orders: [RunnerOrder] = []
        for (place, entry) in list.enumerated() {
            do throws(JSONFault) {
                let order = try order(entry)
                guard labels.insert(order.facts.label).inserted else { throw JSONFault("label '\(order.facts.label)' is there twice") }
                orders.append(order)
            } catch { throw JSONFault("runners[\(place)]: \(error.description)") }
        }
        return orders
    }

    private static func order(_ json: JSONTree) throws(JSONFault) -> RunnerOrder {
        guard case .object(let members) = json else { throw JSONFault("an object is right") }
        let fields = JSONFields(json)
        let label = try fields.text("label", longest: RunnerForm.longestText)
        guard !label.isEmpty else { throw JSONFault("label is required") }
        let sources = ["runner_url", "url", "command", "image"].filter { json[$0]?.isNull == false }
        guard sources.count == 1, let kind = sources.first else {
            throw JSONFault(
                "one of runner_url (it runs elsewhere), command (a program to start) and image (a container) is right, "
                    + (sources.isEmpty ? "there is none" : "there are " + sources.joined(separator: " and ")))
        }
        let health = try fields.text("health_url", longest: RunnerForm.longestURL)
        guard !health.isEmpty else { throw JSONFault("health_url is required") }
        if !health.hasPrefix("/") { _ = try RunnerForm.url(health, "health_url") }
        let status = try fields.int("healthy_status_code", default: 200)
        guard (100...599).contains(status == 0 ? 200 : status) else {
            throw JSONFault("healthy_status_code \(status): an HTTP status is right, such as 200")
        }
        let source: RunnerOrder.Source
        var url = ""
        switch kind {
        case "command":
            try check(members, everyKind.union(ours).union(ofProcesses), of: "with command")
            source = .process(try process(fields))
        case "image":
            try check(members, everyKind.union(ours).union(ofContainers), of: "with image")
            source = .container(try container(fields))
        default:
            // What others write of theirs may have what we do not know, but not what is meant for one of ours.
            if let odd = members.first(where: { ours.union(ofProcesses).union(ofContainers).contains($0.key) }) {
                throw JSONFault("\(odd.key) is for a runner with command or image; this one runs elsewhere")
            }
            source = .elsewhere
            url = try RunnerForm.url(try fields.text(kind, longest: RunnerForm.longestURL), kind)
        }
        return RunnerOrder(
            facts: try RunnerForm.facts(fields, url: url), health: health, healthyStatus: status == 0 ? 200 : status, source: source)
    }

    private static func check(_ members: [JSONTree.Member], _ known: Set<String>, of what: String) throws(JSONFault) {
        guard let odd = members.first(where: { !known.contains($0.key) }) else { return }
        throw JSONFault("'\(odd.key)' is no key of a runner \(what); right are " + known.sorted().joined(separator: ", "))
    }

    // MARK: Kinds

    private static func process(_ fields: JSONFields) throws(JSONFault) -> ProcessOrder {
        let directory = try fields.text("directory", longest: RunnerForm.longestURL)
        return ProcessOrder(
            command: try texts("command", fields) ?? [], environment: try environment(fields),
            directory: directory.isEmpty ? nil : directory, portVariable: try portVariable(fields))
    }

    private static func container(_ fields: JSONFields) throws(JSONFault) -> ContainerOrder {
        let image = try fields.text("image", longest: RunnerForm.longestText)
        guard !image.isEmpty, image.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !image.hasPrefix("-") else {
            throw JSONFault("image '\(image)': a name like registry.example.com/worker:1.2 is right")
        }
        var order = ContainerOrder(image: image)
        let pull = try fields.text("pull", longest: RunnerForm.longestText)
        if !pull.isEmpty {
            guard let known = ContainerOrder.Pull(rawValue: pull) else {
                throw JSONFault("pull '\(pull)': missing, always or never is right")
            }
            order.pull = known
        }
        order.arguments = try texts("args", fields)
        order.entrypoint = try texts("entrypoint", fields)
        order.environment = try environment(fields)
        order.portVariable = try portVariable(fields)
        order.port = try fields.int("port", default: order.port)
        guard (1...65_535).contains(order.port) else { throw JSONFault("port \(order.port): 1 to 65535 is right") }
        let network = try fields.text("network", longest: RunnerForm.longestText)
        if !network.isEmpty { order.network = network }
        order.gpus = try gpus(fields.json["gpus"])
        order.memory = try bytes("memory", fields)
        order.sharedMemory = try bytes("shm", fields)
        if let json = fields.json["cpus"], !json.isNull {
            guard let cpus = json.double, cpus >= 0.01, cpus <= 1024 else { throw JSONFault("cpus: a number from 0.01 to 1024 is right") }
            order.cpus = cpus
        }
        if let paths = try texts("tmpfs", fields, mayBeEmpty: true) { order.tmpfs = paths }
        if let path = order.tmpfs.first(where: { !$0.hasPrefix("/") || $0.contains(":") }) {
            throw JSONFault("tmpfs '\(path)': an absolute path is right")
        }
        order.volumes = try texts("volumes", fields, mayBeEmpty: true) ?? []
        for volume in order.volumes {
            let parts = volume.split(separator: ":", omittingEmptySubsequences: false)
            guard (2...3).contains(parts.count), parts[1].hasPrefix("/"), !parts[0].isEmpty,
                parts.count < 3 || ["ro", "rw"].contains(parts[2])
            else { throw JSONFault("volumes '\(volume)': HOST:/CONTAINER or HOST:/CONTAINER:ro is right") }
        }
        if let json = fields.json["read_only"], !json.isNull { order.isReadOnly = try fields.bool("read_only") }
        let user = try fields.text("user", longest: RunnerForm.longestText)
        order.user = user.isEmpty ? nil : user
        return order
    }

    // MARK: Values

    private static func texts(_ key: String, _ fields: JSONFields, mayBeEmpty: Bool = false) throws(JSONFault) -> [String]? {
        guard let json = fields.json[key], !json.isNull else { return nil }
        guard let list = json.elements, list.count <= mostArguments, mayBeEmpty || !list.isEmpty else {
            throw JSONFault("\(key): a list of texts is right, such as [python3, worker.py]")
        }
        var found: [String] = []
        for entry in list {
            // A number in YAML is meant as it is written.
            guard let text = entry.string ?? entry.integer.map({ "\($0)" }) ?? entry.double.map({ "\($0)" }),
                text.utf8.count <= longestArgument, !text.utf8.contains(0)
            else { throw JSONFault("\(key): texts of at most \(longestArgument) bytes are right") }
            found.append(text)
        }
        return found
    }

    private static func environment(_ fields: JSONFields) throws(JSONFault) -> [String: String] {
        guard let json = fields.json["env"], !json.isNull else { return [:] }
        guard case .object(let members) = json else { throw JSONFault("env: names and values are right, such as {MODEL: base}") }
        var found: [String: String] = [:]
        for member in members {
            guard isVariable(member.key) else { throw JSONFault("env '\(member.key)': letters, digits and '_' are right in a name") }
            guard
                let text = member.value.string ?? member.value.integer.map({ "\($0)" }) ?? member.value.boolean.map({ "\($0)" })
                    ?? member.value.double.map({ "\($0)" }), !text.utf8.contains(0)
            else { throw JSONFault("env \(member.key): a text is right") }
            found[member.key] = text
        }
        return found
    }

    private static func portVariable(_ fields: JSONFields) throws(JSONFault) -> String {
        let name = try fields.text("port_env", longest: RunnerForm.longestText)
        if name.isEmpty { return "PORT" }
        guard isVariable(name) else { throw JSONFault("port_env '\(name)': letters, digits and '_' are right in a name") }
        return name
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return name.utf8.allSatisfy {
            RunnerForm.isUnreserved($0) && ![UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "~")].contains($0)
        }
    }

    private static func gpus(_ json: JSONTree?) throws(JSONFault) -> ContainerOrder.GPUs {
        guard let json, !json.isNull else { return .none }
        let fault = JSONFault("gpus: all, a number of them, or a list of indices or identifiers is right")
        if let text = json.string {
            guard text == "all" || text == "none" else { throw fault }
            return text == "all" ? .all : .none
        }
        if let count = json.integer {
            guard (0...1024).contains(count) else { throw fault }
            return count == 0 ? .none : .count(count)
        }
        guard let list = json.elements, !list.isEmpty else { throw fault }
        var names: [String] = []
        for entry in list {
            guard let name = entry.string ?? entry.integer.map({ "\($0)" }), !name.isEmpty else { throw fault }
            names.append(name)
        }
        return .devices(names)
    }

    /// A number of bytes, or one with `k`, `M`, `G`, `T` (1024 each), with or without `iB` or `B`.
    private static func bytes(_ key: String, _ fields: JSONFields) throws(JSONFault) -> Int? {
        guard let json = fields.json[key], !json.isNull else { return nil }
        let fault = JSONFault("\(key): bytes, or a number with k, M, G or T are right, such as 8G or 512MiB")
        if let count = json.integer {
            guard (1...mostMemory).contains(count) else { throw fault }
            return count
        }
        guard let text = json.string else { throw fault }
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = text.dropFirst(digits.count).drop { $0 == " " }
        for ending in ["iB", "B", "b"] where unit.hasSuffix(ending) {
            unit = unit.dropLast(ending.count)
            break
        }
        guard let number = Double(digits),
            let power = ["": 0, "k": 1, "K": 1, "M": 2, "m": 2, "G": 3, "g": 3, "T": 4, "t": 4][String(unit)]
        else { throw fault }
        let value = number * Double(1 << (10 * power))
        guard value >= 1, value <= Double(mostMemory) else { throw fault }
        return Int(value)
    }
}

import Foundation
package import SluiceTypes

/// Registrations of runners as JSON, and what is right in them (specs/byoc §12).
package enum RunnerForm {
    /// Bytes of UTF-8; public, and in every discovery answer.
    package static let longestMetadata = 1024
    /// What stands in URLs, answers and logs.
    package static let longestText = 256
    package static let longestURL = 2048
    /// Runners of one batch.
    package static let mostInBatch = 1000
    package static let mostCapacity = 100_000

    /// `{"runners": […]}`, as an operator sends or configures it.
    package static func batch(_ json: JSONTree) throws(JSONFault) -> [StaticRunner] {
        guard let list = json["runners"]?.elements else { throw JSONFault("runners is required: a list of runners") }
        guard list.count <= mostInBatch else { throw JSONFault("runners: at most \(mostInBatch) at once, these are \(list.count)") }
        var labels: Set<String> = []
        var runners: [StaticRunner] = []
        for (place, entry) in list.enumerated() {
            let name = "runners[\(place)]: "
            do throws(JSONFault) {
                let runner = try fixed(entry)
                guard labels.insert(runner.facts.label).inserted else {
                    throw JSONFault("label '\(runner.facts.label)' is there twice")
                }
                runners.append(runner)
            } catch { throw JSONFault(name + error.description) }
        }
        return runners
    }

    private static func fixed(_ json: JSONTree) throws(JSONFault) -> StaticRunner {
        let fields = JSONFields(json)
        let label = try fields.text("label", longest: longestText)
        guard !label.isEmpty else { throw JSONFault("label is required") }
        let health = try fields.text("health_url", longest: longestURL)
        guard !health.isEmpty else { throw JSONFault("health_url is required") }
        let status = try fields.int("healthy_status_code", default: 200)
        let facts = try facts(fields, url: try url(fields))
        guard (100...599).contains(status == 0 ? 200 : status) else {
            throw JSONFault("healthy_status_code \(status): an HTTP status is right, such as 200")
        }
        let url = health.hasPrefix("/") ? origin(of: facts.url) + health : health
        return StaticRunner(
            facts: facts, health: RunnerHealthCheck(url: try Self.url(url, "health_url"), healthyStatus: status == 0 ? 200 : status))
    }

    package static func heartbeat(_ json: JSONTree) throws(JSONFault) -> RunnerHeartbeat {
        let fields = JSONFields(json)
        let id = try fields.text("runner_id", longest: longestText)
        if !id.isEmpty { try checkPathElement(id, "runner_id") }
        let facts = try facts(fields, url: try url(fields))
        let status = try fields.text("status", longest: longestText)
        return RunnerHeartbeat(id: id.isEmpty ? nil : RunnerID(id), facts: facts, isReady: status.isEmpty || status == "ready")
    }

    private static func url(_ fields: JSONFields) throws(JSONFault) -> String {
        try url(try fields.text("runner_url", longest: longestURL), "runner_url")
    }

    /// - Parameter url: empty for one that is not there yet.
    static func facts(_ fields: JSONFields, url: String) throws(JSONFault) -> RunnerFacts {
        let app = try fields.text("app", longest: longestText)
        guard !app.isEmpty, app.trimmingCharacters(in: .whitespacesAndNewlines) == app else { throw JSONFault("app must be trimmed") }
        let label = try fields.text("label", longest: longestText)
        let routing = try fields.text("routing", longest: longestText)
        guard ["", "runner-id", "label"].contains(routing) else {
            throw JSONFault("routing '\(routing)': runner-id or label is right")
        }
        let hasProxyURL = try fields.bool("proxy")
        if routing == "label" || (hasProxyURL && !label.isEmpty) { try checkPathElement(label, "label") }
        let mode: RunnerMode
        switch try fields.text("mode", longest: longestText) {
        case "", "persistent": mode = .persistent
        case "single-shot", "single_shot": mode = .singleShot
        case let other: throw JSONFault("mode '\(other)': persistent or single-shot is right")
        }
        let capacity = try fields.int("capacity", default: 0)
        guard (0...mostCapacity).contains(capacity) else {
            throw JSONFault("capacity \(capacity): 0 to \(mostCapacity) is right, 0 for 1")
        }
        return RunnerFacts(
            label: label, routesByLabel: routing == "label", hasProxyURL: hasProxyURL, url: url, app: app,
            version: try fields.text("version", longest: longestText), metadata: try metadata(fields), mode: mode,
            capacity: capacity == 0 ? 1 : capacity, gpu: try gpu(fields.json["gpu"]), price: try price(fields.json["price_info"]))
    }

    private static func metadata(_ fields: JSONFields) throws(JSONFault) -> String {
        let text = try fields.text("metadata", longest: longestMetadata)
        guard !text.unicodeScalars.contains("\u{FFFD}") else { throw JSONFault("metadata: it has U+FFFD, so it was no UTF-8 before") }
        return text
    }

    /// - Parameter ports: 0 too for an address of our own, which may be found only when it is bound.
    /// - Returns: the URL without slashes at its end.
    package static func url(_ text: String, _ name: String, ports: ClosedRange<Int> = 1...65_535) throws(JSONFault) -> String {
        guard !text.isEmpty else { throw JSONFault("\(name) is required") }
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            url.host(percentEncoded: false)?.isEmpty == false, url.fragment == nil, url.user == nil,
            ports.contains(url.port ?? 80), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw JSONFault("\(name) '\(text)': an absolute URL like http://127.0.0.1:9000 is right") }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }

    private static func origin(of url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        return String(url[..<scheme.upperBound]) + url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
    }

    /// What stands in a URL's path as it is.
    private static func checkPathElement(_ text: String, _ name: String) throws(JSONFault) {
        let isRight = !text.isEmpty && text != "." && text != ".." && text.utf8.allSatisfy(isUnreserved)
        guard isRight else { throw JSONFault("\(name) '\(text)': letters, digits, '-', '_', '.' and '~' are right, as it stands in URLs") }
    }

    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// An object, or a device index.
    private static func gpu(_ json: JSONTree?) throws(JSONFault) -> RunnerGPU? {
        guard let json, !json.isNull else { return nil }
        if let index = json.integer {
            guard index >= 0 else { throw JSONFault("gpu \(index): a device index is 0 or more") }
            return RunnerGPU(id: "\(index)")
        }
        guard case .object = json else { throw JSONFault("gpu: an object with id, name and vram_mb, or a device index, is right") }
        let fields = JSONFields(json)
        let memory = try fields.int("vram_mb", default: 0)
        guard memory >= 0 else { throw JSONFault("gpu: vram_mb \(memory): 0 or more is right") }
        return RunnerGPU(
            id: try fields.text("id", longest: longestText), name: try fields.text("name", longest: longestText), memoryMB: memory)
    }

    private static func price(_ json: JSONTree?) throws(JSONFault) -> RunnerPrice? {
        guard let json, !json.isNull else { return nil }
        guard case .object = json else { throw JSONFault("price_info: an object with price, currency and unit is right") }
        let amount = json["price"]?.double ?? json["price"]?.string.flatMap(Double.init)
        guard let amount, amount > 0, amount.isFinite else { throw JSONFault("price_info: price must be a positive decimal") }
        let currency = json["currency"]?.string ?? ""
        guard currency.lowercased() == "usd" else { throw JSONFault("price_info: currency '\(currency)': usd is right") }
        let name = json["unit"]?.string ?? ""
        guard let unit = name.isEmpty ? .hour : RunnerPrice.Unit(rawValue: name) else {
            throw JSONFault("price_info: unit '\(name)': hour, 720p or fixed is right")
        }
        return RunnerPrice(amount: amount, unit: unit)
    }
}

/// The members of an object, by the kind they should have. One that is absent, or null, is empty.
package struct JSONFields {
    package let json: JSONTree

    package init(_ json: JSONTree) { self.json = json }

    private func present(_ key: String) -> JSONTree? { json[key].flatMap { $0.isNull ? nil : $0 } }

    /// - Parameter longest: bytes.
    package func text(_ key: String, longest: Int) throws(JSONFault) -> String {
        guard let value = present(key) else { return "" }
        guard let text = value.string else { throw JSONFault("\(key): text is right") }
        guard text.utf8.count <= longest else {
            throw JSONFault("\(key): at most \(longest) bytes are right, these are \(text.utf8.count)")
        }
        return text
    }

    package func int(_ key: String, default fallback: Int) throws(JSONFault) -> Int {
        guard let value = present(key) else { return fallback }
        guard let number = value.integer else { throw JSONFault("\(key): a whole number is right") }
        return number
    }

    package func bool(_ key: String) throws(JSONFault) -> Bool {
        guard let value = present(key) else { return false }
        guard let flag = value.boolean else { throw JSONFault("\(key): true or false is right") }
        return flag
    }
}

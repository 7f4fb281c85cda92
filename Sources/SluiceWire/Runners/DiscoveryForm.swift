import Foundation
package import SluiceTypes

/// What an orchestrator's `GET /discovery` says, read by a gateway. A peer may send anything: entries that make no sense are left out.
package enum DiscoveryForm {
    /// A thousand runners with all they may have.
    package static let longest = 8 << 20
    private static let mostRunners = 10_000

    /// - Parameters:
    ///   - orchestrator: who was asked. Its runners are asked by the same way, whatever host their URLs name: a peer must not be able to
    ///     send our clients' requests elsewhere.
    /// - Returns: the runners, and how many entries were left out.
    package static func runners(_ json: JSONTree, of orchestrator: OrchestratorID) throws(JSONFault) -> (
        runners: [RemoteRunner], leftOut: Int
    ) {
        guard let list = json.elements else { throw JSONFault("discovery is no list") }
        var runners: [RemoteRunner] = []
        var leftOut = 0
        for entry in list.lazy.flatMap({ $0["runners"]?.elements ?? [] }).prefix(mostRunners) {
            if let runner = runner(entry, of: orchestrator) { runners.append(runner) } else { leftOut += 1 }
        }
        return (runners, leftOut)
    }

    private static func runner(_ json: JSONTree, of orchestrator: OrchestratorID) -> RemoteRunner? {
        guard let url = json["url"]?.string, let app = json["app"]?.string, !app.isEmpty, app.utf8.count <= RunnerForm.longestText,
            let path = path(url), let told = json["capacity"]?.integer, told > 0
        else { return nil }
        // Sums of many are made of these.
        let capacity = min(told, RunnerForm.mostCapacity)
        let mode: RunnerMode = ["single-shot", "single_shot"].contains(json["mode"]?.string ?? "") ? .singleShot : .persistent
        let available = json["capacity_available"]?.integer ?? capacity - min(max(0, json["capacity_used"]?.integer ?? 0), capacity)
        let gpu = json["gpu"].map {
            RunnerGPU(id: $0["id"]?.string ?? "", name: $0["name"]?.string ?? "", memoryMB: $0["vram_mb"]?.integer ?? 0)
        }
        let price = json["list_price"].flatMap { price -> RunnerPrice? in
            guard let amount = price["price"]?.double, amount > 0, let unit = price["unit"]?.string.flatMap(RunnerPrice.Unit.init) else {
                return nil
            }
            return RunnerPrice(amount: amount, unit: unit)
        }
        return RemoteRunner(
            path: path, orchestrator: orchestrator, app: app, version: json["version"]?.string ?? "", mode: mode, gpu: gpu, price: price,
            capacity: capacity, available: max(0, min(capacity, available)))
    }

    /// The path of a URL, without a slash at its end; `nil` when there is none.
    package static func path(_ url: String) -> String? {
        guard url.utf8.count <= RunnerForm.longestURL, url.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let scheme = url.range(of: "://")
        else { return nil }
        let path = url[scheme.upperBound...].drop { $0 != "/" }.prefix { $0 != "?" && $0 != "#" }
        let bare = path.hasSuffix("/") ? path.dropLast() : path
        return bare.isEmpty ? nil : String(bare)
    }
}

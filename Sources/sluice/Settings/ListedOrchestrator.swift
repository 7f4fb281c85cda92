import Foundation
import SluiceNetwork

/// An orchestrator of the settings, with what the operator knows of it: that goes before what it says of itself.
struct ListedOrchestrator: Hashable, Sendable, Decodable {
    /// host:port or URI.
    var address: String
    /// The vendor's name of its GPU.
    var gpu: String?
    var region: String?
    /// Those of one operator fail together.
    var operatorName: String?

    private enum Key: String, CodingKey, CaseIterable {
        case address, gpu, region
        case operatorName = "operator"
    }

    init(address: String) { self.address = address }

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            address = text
            return
        }
        let known = Key.allCases.map(\.rawValue)
        for name in try decoder.singleValueContainer().decode([String: String].self).keys where !known.contains(name) {
            throw SettingsError("unknown key '\(name)'; there is \(known.joined(separator: ", "))")
        }
        let container = try decoder.container(keyedBy: Key.self)
        address = try container.decode(String.self, forKey: .address)
        gpu = try container.decodeIfPresent(String.self, forKey: .gpu)
        region = try container.decodeIfPresent(String.self, forKey: .region)
        operatorName = try container.decodeIfPresent(String.self, forKey: .operatorName)
    }

    /// ## Configuration keys
    /// - `orchestrators` (list of addresses, or of objects with `address`, `gpu`, `region`, `operator`; default empty).
    static func read(_ reader: inout SettingsReader) throws -> [ListedOrchestrator] {
        let text = reader.text("orchestrators", default: "")
        func complaint(_ wish: String) -> SettingsError {
            SettingsError(key: "orchestrators", value: text, source: reader.source(of: "orchestrators"), wish: wish)
        }
        let listed: [ListedOrchestrator]
        if text.hasPrefix("[") {
            do { listed = try JSONDecoder().decode([ListedOrchestrator].self, from: Data(text.utf8)) } catch let error as SettingsError {
                throw complaint(error.description)
            } catch {
                throw complaint("addresses, or objects with address, gpu, region and operator, all of them text, are right")
            }
        } else {
            listed = (reader.list("orchestrators") ?? []).map(ListedOrchestrator.init)
        }
        for one in listed {
            do { _ = try OrchestratorAddress(one.address) } catch { throw complaint("\(error)") }
        }
        return listed
    }
}

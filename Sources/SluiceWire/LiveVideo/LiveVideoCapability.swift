package import SluiceProto
import SluiceTypes
import SwiftProtobuf

/// Live video in the network's capabilities: number 35, with the models as constraints (specs/transcoding-protocol §5.3).
package enum LiveVideoCapability {
    static let number = UInt32(Capability.liveVideoToVideo.rawValue)

    /// A model of an orchestrator, and its places.
    package struct Model: Hashable, Sendable {
        package var name: String
        package var capacity: Int
        package var used: Int
        /// As the first of its runners says.
        package var version: String?
        /// Of the weights.
        package var digest: String?

        package init(name: String, capacity: Int, used: Int, version: String? = nil, digest: String? = nil) {
            self.version = version
            self.digest = digest
            self.name = name
            self.capacity = capacity
            self.used = used
        }
    }

    /// The bit alone says nothing: software orchestrators set bits of AI that they do not serve.
    package static func models(of capabilities: Net_Capabilities) -> Set<String> {
        Set(capabilities.constraints.perCapability[number]?.models.keys.map { $0 } ?? [])
    }

    /// Adds what an orchestrator has to its offer.
    package static func add(_ models: [Model], to offer: inout Net_Capabilities) {
        guard !models.isEmpty else { return }
        var bits = CapabilitySet(offer)
        bits.insert(.liveVideoToVideo)
        offer.bitstring = bits.words
        offer.capacities[number] = 1
        offer.constraints.perCapability[number] = .with { constraints in
            for model in models {
                constraints.models[model.name] = .with {
                    $0.warm = true
                    $0.capacity = UInt32(clamping: max(0, model.capacity - model.used))
                    $0.capacityInUse = UInt32(clamping: model.used)
                }
            }
        }
    }

    /// What a gateway says of a job.
    package static func job(model: String) -> Net_Capabilities {
        var wanted = CapabilitySet.networkDefault
        wanted.insert(.liveVideoToVideo)
        var message = wanted.jobMessage()
        message.constraints.perCapability[number] = .with { $0.models[model] = .init() }
        return message
    }

    /// The models that a request names; empty when it is about something else.
    package static func wanted(_ capabilities: Net_Capabilities) -> [String] {
        capabilities.constraints.perCapability[number]?.models.keys.sorted() ?? []
    }
}

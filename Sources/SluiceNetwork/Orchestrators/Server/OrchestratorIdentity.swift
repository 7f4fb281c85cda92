#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import SluiceProto
package import SluiceTypes
package import SluiceWire
import SwiftProtobuf

/// What this orchestrator says of itself to every gateway.
package struct OrchestratorIdentity: Sendable {
    /// No slash at its end: peers append paths to it as text (specs/transcoding-protocol §1.2).
    package let serviceURI: String
    package let version: String
    package let capabilities: CapabilitySet
    let takesStreamedSegments: Bool
    package let asks: AskedPrices
    /// Models for live video that it has at the moment.
    let liveModels: @Sendable () -> [LiveVideoCapability.Model]
    /// What is told beyond the network's own words.
    let market: @Sendable () -> MarketTerms?

    package init(
        serviceURI: String, version: String, capabilities: CapabilitySet, takesStreamedSegments: Bool = false,
        asks: AskedPrices = AskedPrices { _ in nil }, liveModels: @escaping @Sendable () -> [LiveVideoCapability.Model] = { [] },
        market: @escaping @Sendable () -> MarketTerms? = { nil }
    ) {
        self.serviceURI = serviceURI.last == "/" ? String(serviceURI.dropLast()) : serviceURI
        self.version = version
        self.capabilities = capabilities
        self.takesStreamedSegments = takesStreamedSegments
        self.asks = asks
        self.liveModels = liveModels
        self.market = market
    }

    /// Complete in every answer: a gateway replaces all it knew with it (§3.8). Off-chain there are no tickets.
    ///
    /// - Parameters:
    ///   - withAllPrices: of every capability too, as who asks without saying what for gets them (§1.5).
    ///   - withMarket: with all that is sold here, for who asks; with every result it would be a burden.
    package func message(
        token: Net_AuthToken, withAllPrices: Bool = false, isForLiveVideo: Bool = false, withMarket: Bool = false
    ) -> Net_OrchestratorInfo {
        var message = Net_OrchestratorInfo()
        message.transcoder = serviceURI
        message.address = Data(repeating: 0, count: 20)
        message.capabilities = isForLiveVideo ? liveVideoOffer : offer
        message.authToken = token
        if takesStreamedSegments { message.streamedSegments = [StreamedSegmentFrame.version] }
        if withMarket, let terms = market() { message.market = terms.message }
        if let price = asks.session(SessionID(token.sessionID)) {
            message.priceInfo.pricePerUnit = price.pricePerUnit
            message.priceInfo.pixelsPerUnit = price.pixelsPerUnit
        }
        if withAllPrices {
            message.capabilitiesPrices = asks.capabilities().map { asked in
                .with {
                    $0.pricePerUnit = asked.price.pricePerUnit
                    $0.pixelsPerUnit = asked.price.pixelsPerUnit
                    $0.capability = asked.number
                    $0.constraint = asked.constraint
                }
            }
        }
        return message
    }

    package var offer: Net_Capabilities {
        var offer = capabilities.offerMessage(version: version)
        LiveVideoCapability.add(liveModels(), to: &offer)
        return offer
    }

    /// Jobs of live video name the network's default capabilities as well, whether they need them or not (§5.5).
    package var liveVideoOffer: Net_Capabilities {
        var offer = capabilities.union(.networkDefault).offerMessage(version: version)
        LiveVideoCapability.add(liveModels(), to: &offer)
        return offer
    }

    func url(of path: RenditionPath) -> String { serviceURI + path.text }
}

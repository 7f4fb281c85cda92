import ArgumentParser
import Foundation
import SluiceMarket
import SluiceTypes

struct OffersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offers", abstract: "What is offered to a gateway, and how an orchestrator's price comes about.",
        subcommands: [OffersListCommand.self, OffersExplainCommand.self], defaultSubcommand: OffersListCommand.self)
}

struct OffersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the offers that a running gateway knows.")

    struct Answer: Decodable {
        struct PriceAnswer: Decodable {
            var weiPerUnit: Double
            var unit: String
        }

        struct GPUAnswer: Decodable { var `class`: String }

        struct One: Decodable {
            var orchestrator: String
            var pipeline: String
            var model: String?
            var price: PriceAnswer?
            var gpu: GPUAnswer?
            var region: String?
            var reachable: Bool
            var sources: [String]
        }

        var version: UInt64
        var count: Int
        var offers: [One]
    }

    @Option(help: "Admin port of the gateway, host:port.") var admin = AdminClient.usual
    @Option(help: "Of this pipeline alone.") var pipeline: String?

    func run() async throws {
        let answer = try await AdminClient(admin).get(Answer.self, "/marketplace/offers")
        for offer in answer.offers where pipeline == nil || offer.pipeline == pipeline {
            let name = offer.pipeline + (offer.model.map { "/\($0)" } ?? "")
            let price = offer.price.map { "\($0.weiPerUnit.plain) wei per \($0.unit)" } ?? "free"
            let place = [offer.region, offer.gpu?.class].compactMap(\.self).joined(separator: ", ")
            let state = offer.reachable ? "" : "  (not reachable)"
            print("\(offer.orchestrator)  \(name)  \(price)  \(place)  by \(offer.sources.joined(separator: ", "))\(state)")
        }
    }
}

struct OffersExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say factor by factor how an orchestrator's price comes about.",
        discussion: "Reads the orchestrator's settings, or asks a running one (--admin).")

    @Argument(help: "Pipeline, or PIPELINE/MODEL.") var capability = OfferedCapability.transcode
    @Option(help: "The orchestrator's settings file (YAML).") var config: String?
    @Option(help: "Admin port of a running orchestrator, host:port, e.g. 127.0.0.1:7935.") var admin: String?
    @Option(help: "How full the house is, 0 to 1 or per cent; with --config.") var load = "50%"
    @Option(help: "Latency that is promised, as a share of the duration, e.g. 50%.") var latency: String?
    @Option(help: "Units a second that are committed to, e.g. 27M.") var throughput: String?
    @Option(help: "Class of GPU instead of this machine's.") var gpuClass: String?
    @Option(help: "Region instead of this machine's.") var region: String?

    func run() async throws {
        if let admin { return try await ask(admin) }
        let settings = try OrchestratorFileSettings.load(file: config, flags: [:]).pricing
        guard let load = Quantity.share.value(of: load), (0...1).contains(load) else {
            throw ValidationError("--load \(self.load): a share such as 0.9 or 90% is right")
        }
        guard !settings.isFree else {
            print("nothing is asked: pricing.base is empty")
            return
        }
        let prices = PostedPrices(settings, load: { load })
        do { print(try prices.terms(try PriceAsk(Query(query))).words) } catch let problem as PriceFunction.Problem {
            throw ValidationError(problem.description)
        } catch let error as SettingsError { throw ValidationError(error.description) }
    }

    private func ask(_ admin: String) async throws {
        print(try await AdminClient(admin).get(PriceEndpoint.Report.self, "/marketplace/price\(query)").words)
    }

    /// As the endpoint takes it.
    private var query: String {
        let parts = capability.split(separator: "/", maxSplits: 1).map(String.init)
        let items = [
            ("pipeline", parts.first), ("model", parts.count == 2 ? parts[1] : nil), ("latency", latency), ("unitsPerSecond", throughput),
            ("gpuClass", gpuClass), ("region", region),
        ]
        let pairs = items.compactMap { name, value in
            value.map { "\(name)=\($0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? $0)" }
        }
        return "?" + pairs.joined(separator: "&")
    }
}

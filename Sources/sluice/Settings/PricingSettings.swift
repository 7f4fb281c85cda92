import SluiceMarket

/// An orchestrator's price function from its settings.
struct PricingSettings {
    var function: PriceFunction
    var rates: RateSettings
    /// What this machine is, for the factors by class and region.
    var gpuClass: String?
    var region: String?
    /// Told to gateways of ours; 0 is not told.
    var encoderSlots: Int
    var minimumVersion: String?

    /// Nothing is asked for without a base.
    var isFree: Bool { function.bases.isEmpty }

    /// ## Configuration keys, under `pricing`
    /// - `base` (list such as `transcode = 100 wei per pixel`, default empty: nothing is asked).
    /// - `gpuClass`, `region` (text, default none): what this machine is.
    /// - `encoderSlots` (int, default 0: not told, 0…10000): segments that this machine's hardware encoders take at once.
    /// - `minimumVersion` (text, default none): the lowest version of a gateway that may come.
    /// - `gpuClasses`, `models`, `regions` (lists of NAME=FACTOR, default empty).
    /// - `latency` (list of SHARE=FACTOR, default empty), `throughput` (list of UNITS A SECOND=FACTOR, default empty).
    /// - `surgeFrom` (number, default 0.8, 0…1), `surge` (factor, default 1, 0.01…100), `idleBelow` (default 0.2), `idle` (default 1),
    ///   `hysteresis` (default 0.1, 0…0.5).
    /// - `least`, `most` (factors, default 0.25 and 4, 0.01…100): all factors together stay in between.
    /// - `quoteSeconds` (int, default 60, 1…86400).
    /// - those of `RateSettings`.
    init(_ reader: inout SettingsReader) throws {
        var function = PriceFunction(bases: try PriceListSettings.bases(&reader, "pricing.base"))
        function.gpuClasses = try PriceListSettings.table(&reader, "pricing.gpuClasses")
        function.models = try PriceListSettings.table(&reader, "pricing.models")
        function.regions = try PriceListSettings.table(&reader, "pricing.regions")
        function.latency = try PriceListSettings.steps(&reader, "pricing.latency")
        function.throughput = try PriceListSettings.steps(&reader, "pricing.throughput")
        var load = LoadBands()
        load.surgeFrom = try reader.double("pricing.surgeFrom", in: 0...1) ?? load.surgeFrom
        load.surge = try reader.double("pricing.surge", in: 0.01...100) ?? load.surge
        load.idleBelow = try reader.double("pricing.idleBelow", in: 0...1) ?? load.idleBelow
        load.idle = try reader.double("pricing.idle", in: 0.01...100) ?? load.idle
        load.hysteresis = try reader.double("pricing.hysteresis", in: 0...0.5) ?? load.hysteresis
        guard load.idleBelow + load.hysteresis <= load.surgeFrom else {
            throw SettingsError(
                key: "pricing.idleBelow", value: "\(load.idleBelow)", source: reader.source(of: "pricing.idleBelow"),
                wish:
                    "with pricing.hysteresis \(load.hysteresis) it reaches beyond pricing.surgeFrom \(load.surgeFrom); a smaller one is right"
            )
        }
        function.load = load
        let least = try reader.double("pricing.least", in: 0.01...100) ?? function.bounds.lowerBound
        let most = try reader.double("pricing.most", in: 0.01...100) ?? function.bounds.upperBound
        guard least <= most else {
            throw SettingsError(
                key: "pricing.least", value: "\(least)", source: reader.source(of: "pricing.least"),
                wish: "at most pricing.most, \(most), is right")
        }
        function.bounds = least...most
        function.validity = Int64(try reader.int("pricing.quoteSeconds", default: 60, in: 1...86_400))
        self.function = function
        rates = try PriceListSettings.rates(&reader, prefix: "pricing")
        gpuClass = reader.text("pricing.gpuClass")
        region = reader.text("pricing.region")
        encoderSlots = try reader.int("pricing.encoderSlots", default: 0, in: 0...10_000)
        minimumVersion = reader.text("pricing.minimumVersion")
    }
}

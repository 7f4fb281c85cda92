import SluiceRouting
import SluiceTypes

/// A service level from the settings.
enum ServiceLevelSettings {
    /// ## Configuration keys, under `sla`
    /// - `latency` (share such as `60%`, or a time such as `800ms` or `1.2s`, default 60%): from the cut to the last rendition.
    /// - `percentile` (number, default 0.9, 0.5…0.99): with which certainty.
    /// - `playoutBudget` (number, default 1.5, 0.2…20): in segment durations from the cut; later is a miss.
    /// - `gpuClasses`, `preferGpuClasses` (lists, default empty).
    /// - `region` (text, default any), `maxPricePerPixelWei` (number, default any).
    /// - `hedgeBudget` (number, default 0.05, 0…1).
    /// - `onMiss` (gap | source | lower | wait, default gap).
    /// - `continuity.seconds` (default 0.3, 0…10), `continuity.price` (default 0.2, 0…1), `continuity.segments` (default 5, 1…100).
    static func read(_ reader: inout SettingsReader) throws -> ServiceLevel {
        var level = ServiceLevel()
        let latency = reader.text("sla.latency", default: "60%")
        guard let target = target(latency) else {
            throw SettingsError(
                key: "sla.latency", value: latency, source: reader.source(of: "sla.latency"),
                wish: "a share of the segment from 5% to 1000%, or a time from 100ms to 60s, is right")
        }
        level.latency = target
        level.percentile = try reader.double("sla.percentile", in: 0.5...0.99) ?? level.percentile
        level.playoutBudget = try reader.double("sla.playoutBudget", in: 0.2...20) ?? level.playoutBudget
        let allowed = reader.list("sla.gpuClasses") ?? []
        level.allowedClasses = allowed.isEmpty ? nil : Set(allowed.map { GPUClass($0) })
        level.preferredClasses = Set((reader.list("sla.preferGpuClasses") ?? []).map { GPUClass($0) })
        level.region = reader.text("sla.region")
        level.maxPrice = try reader.double("sla.maxPricePerPixelWei", in: 0...1e18)
        level.hedgeBudget = try reader.double("sla.hedgeBudget", in: 0...1) ?? level.hedgeBudget
        level.onMiss = try reader.choice("sla.onMiss", default: .gap)
        let usual = level.continuity
        level.continuity.seconds = try reader.double("sla.continuity.seconds", in: 0...10) ?? usual.seconds
        level.continuity.price = try reader.double("sla.continuity.price", in: 0...1) ?? usual.price
        level.continuity.segments = try reader.int("sla.continuity.segments", default: usual.segments, in: 1...100)
        return level
    }

    /// - Returns: `nil` for what is neither a share nor a time, or out of range.
    static func target(_ text: String) -> ServiceLevel.Target? {
        func number(_ suffix: String) -> Double? {
            guard text.hasSuffix(suffix) else { return nil }
            return Double(text.dropLast(suffix.count))
        }
        if let share = number("%") { return (5...1000).contains(share) ? .share(share / 100) : nil }
        guard let seconds = number("ms").map({ $0 / 1000 }) ?? number("s") else { return nil }
        return (0.1...60).contains(seconds) ? .seconds(seconds) : nil
    }

    static func text(_ target: ServiceLevel.Target) -> String {
        switch target {
        case .share(let share): "\(ServiceLevelSettings.plain(share * 100))%"
        case .seconds(let seconds): "\(ServiceLevelSettings.plain(seconds * 1000))ms"
        }
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}

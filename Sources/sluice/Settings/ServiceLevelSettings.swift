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
    /// - `continuity.seconds` (default 0.3, 0…10), `continuity.price` (default 0.3, 0…1), `continuity.segments` (default 5, 1…100).
    ///
    /// - Parameters:
    ///   - prefix: where they are instead of under `sla`.
    ///   - base: what holds for those that are not there.
    static func read(_ reader: inout SettingsReader, prefix: String = "sla", base: ServiceLevel = .init()) throws -> ServiceLevel {
        var level = base
        if let latency = reader.text("\(prefix).latency", usual: text(base.latency)) {
            guard let target = target(latency) else {
                throw SettingsError(
                    key: "\(prefix).latency", value: latency, source: reader.source(of: "\(prefix).latency"),
                    wish: "a share of the segment from 5% to 1000%, or a time from 100ms to 60s, is right")
            }
            level.latency = target
        }
        level.percentile = try reader.double("\(prefix).percentile", default: level.percentile, in: 0.5...0.99)
        level.playoutBudget = try reader.double("\(prefix).playoutBudget", default: level.playoutBudget, in: 0.2...20)
        if let allowed = reader.list("\(prefix).gpuClasses") {
            level.allowedClasses = allowed.isEmpty ? nil : Set(allowed.map { GPUClass($0) })
        }
        if let preferred = reader.list("\(prefix).preferGpuClasses") { level.preferredClasses = Set(preferred.map { GPUClass($0) }) }
        if reader.list("\(prefix).region") != nil { level.region = reader.text("\(prefix).region") }
        if reader.list("\(prefix).maxPricePerPixelWei") != nil {
            level.maxPrice = try reader.double("\(prefix).maxPricePerPixelWei", in: 0...1e18)
        }
        level.hedgeBudget = try reader.double("\(prefix).hedgeBudget", default: level.hedgeBudget, in: 0...1)
        level.onMiss = try reader.choice("\(prefix).onMiss", default: level.onMiss)
        let usual = level.continuity
        level.continuity.seconds = try reader.double("\(prefix).continuity.seconds", default: usual.seconds, in: 0...10)
        level.continuity.price = try reader.double("\(prefix).continuity.price", default: usual.price, in: 0...1)
        level.continuity.segments = try reader.int("\(prefix).continuity.segments", default: usual.segments, in: 1...100)
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

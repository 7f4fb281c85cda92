import SluiceTypes

/// Every number the trickle server counts, all channels together: a channel's name may be its secret, and is no label.
struct TrickleMetrics: Sendable {
    let channels: Gauge
    let readers: Gauge
    let bytesIn: Counter
    let bytesOut: Counter
    let delay: Histogram
    let cut: Counter
    let refused: Counter

    init(registry: MetricRegistry) {
        channels = registry.gauge("sluice_trickle_channels", help: "Channels that are open.")
        readers = registry.gauge("sluice_trickle_readers", help: "Readers of segments, waiting ones included.")
        bytesIn = registry.counter("sluice_trickle_bytes_in_total", help: "Bytes taken from publishers.")
        bytesOut = registry.counter("sluice_trickle_bytes_out_total", help: "Bytes given to readers.")
        delay = registry.histogram(
            "sluice_trickle_first_byte_seconds",
            help: "From a segment's first byte in to the first byte out, for each reader who waited for it.",
            buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05])
        cut = registry.counter("sluice_trickle_cut_total", help: "Segments that ended for a reader before their end.")
        refused = registry.counter("sluice_trickle_refused_total", help: "Requests refused because a limit was reached.")
    }
}

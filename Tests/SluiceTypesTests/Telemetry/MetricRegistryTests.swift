import SluiceTypes
import Testing

@Suite struct MetricRegistryTests {
    @Test func aCounterIsRenderedWithItsHeadAndEscapedLabels() {
        let registry = MetricRegistry()
        let counter = registry.counter("jobs_total", help: "Jobs,\nall \\ of them.", labels: ["why": "a \"b\" \\ c\nd"])
        counter.increment(by: 3)
        #expect(
            registry.render() == """
                # HELP jobs_total Jobs,\\nall \\\\ of them.
                # TYPE jobs_total counter
                jobs_total{why="a \\"b\\" \\\\ c\\nd"} 3

                """)
    }

    @Test func bucketsAreCumulativeAndABoundBelongsToItsBucket() {
        let registry = MetricRegistry()
        let histogram = registry.histogram("wait_seconds", help: "Wait.", buckets: [0.25, 1])
        for value in [0.25, 0.5, 2] { histogram.observe(value) }
        #expect(
            registry.render() == """
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.25"} 1
                wait_seconds_bucket{le="1.0"} 2
                wait_seconds_bucket{le="+Inf"} 3
                wait_seconds_sum 2.75
                wait_seconds_count 3

                """)
    }

    /// The format wants all lines of one name together, under one head.
    @Test func seriesOfOneNameStandTogether() {
        let registry = MetricRegistry()
        registry.counter("a", help: "A.", labels: ["x": "1"]).increment()
        registry.gauge("b", help: "B.").set(-2)
        registry.counter("a", help: "A.", labels: ["x": "2"]).increment()
        #expect(
            registry.render() == """
                # HELP a A.
                # TYPE a counter
                a{x="1"} 1
                a{x="2"} 1
                # HELP b B.
                # TYPE b gauge
                b -2

                """)
    }

    @Test func aFamilyMakesASeriesForEachSetOfValues() {
        let registry = MetricRegistry()
        let family = registry.counters("sent_total", help: "Sent.", labels: ["to", "how"], fixed: ["node": "n"])
        family["a", "fast"].increment()
        family["a", "slow"].increment(by: 2)
        family["a", "fast"].increment()
        #expect(
            registry.render() == """
                # HELP sent_total Sent.
                # TYPE sent_total counter
                sent_total{node="n",to="a",how="fast"} 2
                sent_total{node="n",to="a",how="slow"} 2

                """)
    }

    @Test func beyondItsBoundAFamilyCountsTogether() {
        let registry = MetricRegistry()
        let family = registry.counters("sent_total", help: "Sent.", labels: ["to"])
        let most = MetricFamily<Counter>.mostSeries
        for number in 0..<most + 5 { family["\(number)"].increment() }
        #expect(registry.render().split(separator: "\n").count == 2 + most + 1)
        #expect(registry.render().contains("sent_total{to=\"other\"} 5\n"))
    }
}

import Testing

/// docs/Migrating-from-go-livepeer.md answers for everything that an operator has.
@Suite struct MigrationTableTests {
    private func rows() throws -> [[String]] {
        try Repository.text("docs/Migrating-from-go-livepeer.md").split(separator: "\n").filter {
            $0.hasPrefix("|") && !$0.hasPrefix("|--")
        }
        .map { line in
            line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
        }
    }

    @Test func noCellIsBlank() throws {
        let rows = try rows()
        #expect(rows.count > 100)
        for row in rows { #expect(row.count == 3 && row.allSatisfy { !$0.isEmpty }, "\(row)") }
    }

    /// Flags of a gateway (specs/gateway-surface §11), and what its operators script against (§10.1–§10.3).
    @Test(arguments: [
        "-gateway", "-rtmpAddr", "-httpAddr", "-cliAddr", "-maxSessions", "-maxAttempts", "-transcodingOptions", "-orchAddr",
        "-orchWebhookUrl", "-orchBlocklist", "-selectRandFreq", "-maxPricePerUnit", "-pixelsPerUnit", "-authWebhookUrl", "-monitor",
        "-metricsPerStream", "-objectStore", "-remoteDiscovery", "-liveAIAuthWebhookUrl", "-liveOutSegmentTimeout", "-aiMinRunnerVersion",
        "/setMaxPriceForCapability", "/live/video-to-video/", "/process/request/", "text-to-image", "-recordStore", "-dataDir", "-config",
        "-v", "/status", "/manifestID", "/getBroadcastConfig",
        "/setBroadcastConfig", "/getAvailableTranscodingOptions", "/getNetworkCapabilities", "livepeer_success_rate",
        "livepeer_transcode_overall_latency_seconds", "lpdb.sqlite3",
    ]) func whatOperatorsHaveIsThere(name: String) throws {
        #expect(try rows().contains { $0[0].contains(name) })
    }
}

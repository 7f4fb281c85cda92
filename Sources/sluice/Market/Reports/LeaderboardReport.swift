import SluiceMarket
import SluiceTypes

/// The ranking as JSON. Finish times are shares of the duration.
struct LeaderboardReport: Codable, Sendable {
    struct Row: Codable, Sendable {
        var rank: Int
        /// A number instead of the name where the setting says so.
        var orchestrator: String
        var pipeline: String
        var model: String?
        var gpuClass: String?
        var region: String?
        var isListed: Bool
        var score: Double
        var measures: [String: Double]
        var attempts: Int
        var finishP50: Double?
        var finishP95: Double?
        var failed: Int
        var overtaken: Int
        var full: Int
        var swaps: Int
        var secondsSinceFault: Int64?
        var wei: Double
        var mediaSeconds: Double
        /// What came of the bitrate asked for.
        var bitrateKept: Double?
        /// Renditions that were decoded beside their source, and how many of them were poor; means of all.
        var samples: Int
        var poorSamples: Int
        var framesKept: Double?
        var ssim: Double?
        var psnr: Double?
        var frozen: Double?
        /// What is wrong with it, in words; empty where nothing is.
        var remarks: [String]
    }

    struct Gateway: Codable, Sendable {
        var segments: Int
        var missedShare: Double
        var lost: Int
        var inTargetShare: Double
        var hedgeShare: Double
        var canaries: Int
        var retries: Int

        init(_ quality: GatewayQuality) {
            func share(_ count: Int) -> Double { quality.segments > 0 ? (Double(count) / Double(quality.segments)).thousandths : 0 }
            segments = quality.segments
            missedShare = share(quality.misses)
            lost = quality.lost
            inTargetShare = share(quality.inTarget)
            hedgeShare = share(quality.hedges)
            canaries = quality.canaries
            retries = quality.retries
        }
    }

    var formula: String
    var weights: [String: Double]
    var windowSeconds: Int64
    var gateway: Gateway
    var rows: [Row]

    init(_ ranking: [Ranked], _ formula: ScoreFormula, _ quality: GatewayQuality, isAnonymous: Bool, at now: Int64) {
        self.formula = formula.words
        weights = Dictionary(uniqueKeysWithValues: Measure.allCases.map { ($0.rawValue, formula.weights[$0] ?? 0) })
        windowSeconds = formula.window
        gateway = Gateway(quality)
        rows = ranking.enumerated().map { place, one in
            let tally = one.tally
            return Row(
                rank: place + 1, orchestrator: isAnonymous ? "orchestrator \(place + 1)" : one.key.orchestrator.rawValue,
                pipeline: one.key.pipeline, model: one.key.model, gpuClass: one.offer?.gpu?.gpuClass.rawValue, region: one.offer?.region,
                isListed: one.offer != nil, score: one.score.thousandths,
                measures: Dictionary(uniqueKeysWithValues: one.measures.map { ($0.key.rawValue, $0.value.thousandths) }),
                attempts: tally.count, finishP50: tally.finish(0.5).map(\.thousandths), finishP95: tally.finish(0.95).map(\.thousandths),
                failed: tally.failed, overtaken: tally.overtaken, full: tally.full, swaps: tally.swaps,
                secondsSinceFault: tally.lastFault > 0 ? max(0, now - tally.lastFault) : nil, wei: tally.wei.rounded(),
                mediaSeconds: tally.media.tenths, bitrateKept: tally.bitrateKept.map(\.thousandths), samples: tally.pictures.count,
                poorSamples: tally.pictures.poor, framesKept: tally.pictures.mean(\.framesKept).map(\.thousandths),
                ssim: tally.pictures.mean(\.ssim).map(\.thousandths), psnr: tally.pictures.mean(\.psnr).map(\.tenths),
                frozen: tally.pictures.mean(\.frozen).map(\.thousandths),
                remarks: Self.remarks(on: one))
        }
    }

    /// Shares of attempts, and of quality, from which on something is said.
    private static let manyFaults = 0.02
    private static let lowQuality = 0.75

    private static func remarks(on one: Ranked) -> [String] {
        let tally = one.tally
        var remarks: [String] = []
        if one.offer?.isReachable == false { remarks.append("does not answer") }
        if tally.pictures.poor > 0 {
            remarks.append("\(tally.pictures.poor) of \(tally.pictures.count) sampled renditions are not what was asked for")
        }
        if Double(tally.failed + tally.overtaken) > manyFaults * Double(tally.count) {
            remarks.append("\(tally.failed) of \(tally.count) attempts failed, \(tally.overtaken) were overtaken")
        }
        if tally.pictures.poor == 0, let quality = one.measures[.quality], quality < lowQuality, let bitrate = tally.bitrateKept {
            remarks.append("\((bitrate * 100).rounded().plain) % of the bitrate asked for")
        }
        return remarks
    }

    private static let heads = ["", "orchestrator", "capability", "GPU class", "region", "score", "attempts", "p50", "p95"]
    /// Measures below are marked.
    private static let low = 0.5

    private func line(of row: Row, _ names: [String]) -> String {
        func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "–" }
        var cells = ["\(row.rank)", row.orchestrator, row.pipeline + (row.model.map { "/\($0)" } ?? "")]
        cells += [row.gpuClass ?? "–", row.region ?? "–", "\(row.score)", "\(row.attempts)"]
        cells += [number(row.finishP50), number(row.finishP95)]
        var text = "<tr>"
        for (head, cell) in zip(Self.heads, cells) { text += "<td data-of=\"\(head)\">\(cell.escapedForHTML)</td>" }
        for name in names {
            let value = row.measures[name]
            let mark = value.map { $0 < Self.low } ?? false ? " class=\"low\"" : ""
            text += "<td data-of=\"\(name)\"\(mark)>\(number(value))</td>"
        }
        text += "</tr>"
        if !row.remarks.isEmpty {
            let words = row.remarks.joined(separator: "; ").escapedForHTML
            text += "<tr class=\"remark\"><td></td><td colspan=\"\(cells.count + names.count - 1)\">\(words)</td></tr>"
        }
        return text
    }

    /// A page for a browser, without a script.
    var page: String {
        let names = Measure.allCases.map(\.rawValue)
        let lines = rows.map { row in line(of: row, names) }
        let heads = Self.heads + names
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Leaderboard</title>
            <meta name="viewport" content="width=device-width"><style>
            body{font:14px/1.5 system-ui,sans-serif;margin:1.5rem;color:#1b1f24;background:#fff}
            table{border-collapse:collapse}th,td{padding:.25rem .45rem;text-align:right;border-bottom:1px solid #d8dee4}
            th{font-weight:600}td:nth-child(-n+5),th:nth-child(-n+5){text-align:left}td:nth-child(2){overflow-wrap:anywhere}
            pre{color:#57606a;white-space:pre-wrap;overflow-wrap:anywhere}.low{color:#b42318;font-weight:600}.remark td{color:#b42318}
            @media (max-width:1100px){body{margin:1rem}thead{display:none}table,tbody{display:block}
            tr{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.5rem 0;border-bottom:1px solid #d8dee4}td{border:0;padding:0}
            td[data-of="orchestrator"]{flex-basis:calc(100% - 2.5rem);font-weight:600}.remark{margin-top:-.5rem}
            td[data-of]:nth-child(n+3)::before{content:attr(data-of) " ";color:#57606a}}
            @media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td,tr{border-color:#30363d}
            .low,.remark td{color:#ff7b72}pre,td[data-of]:nth-child(n+3)::before{color:#8b949e}}
            </style></head><body><h1>Leaderboard</h1>
            <p>\(gateway.segments) segments; \((gateway.inTargetShare * 100).tenths) % in their target, \((gateway.missedShare * 100).tenths) % missed,
            \(gateway.lost) lost, \((gateway.hedgeShare * 100).tenths) % hedged.</p>
            <table><thead><tr>\(heads.map { "<th>\($0.escapedForHTML)</th>" }.joined())</tr></thead><tbody>
            \(lines.joined(separator: "\n"))
            </tbody></table><pre>\(formula.escapedForHTML)</pre></body></html>

            """
    }
}

extension String {
    /// Names come from strangers.
    var escapedForHTML: String {
        var text = ""
        for character in self {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            default: text.append(character)
            }
        }
        return text
    }
}

/// The comparison as one page that needs nothing else: no script, no font, no network.
package enum HTMLReport {
    package static func render(_ world: ReportedWorld, _ policies: [ReportedPolicy], sweep: Sweep? = nil) -> String {
        var body = head(world)
        if !policies.isEmpty {
            body += policies.enumerated().map(verdict).joined()
            body += table(ComparisonTable(policies), seeds: world.seeds)
            body += figures(world, policies)
        }
        if let sweep { body += section(sweep) }
        body +=
            "<p class=\"foot\">Made by sluice simulate. Finish times and timelines are those of the first seed, everything else is of all seeds.</p>"
        let title = Drawing.escaped("\(world.scenario.name): \(policies.map(\.name).joined(separator: ", "))")
        return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>\(title)</title>"
            + "<style>\n\(HTMLStyle.css)\n\(Palette.css)\n</style></head>\n<body><main>\n\(body)\n</main></body></html>\n"
    }

    private static func head(_ world: ReportedWorld) -> String {
        let about = world.scenario.about.isEmpty ? "" : "<p>\(Drawing.escaped(world.scenario.about))</p>\n"
        return "<h1>\(Drawing.escaped(world.scenario.name))</h1>\n\(about)<p class=\"ran\">\(Drawing.escaped(world.sentence))</p>\n"
    }

    /// What there is to say of a policy, in a sentence.
    private static func verdict(_ index: Int, _ policy: ReportedPolicy) -> String {
        let late =
            policy.value(.misses) == 0
            ? "no segment late" : "\(RunSummary.Figure.misses.text(policy.value(.misses))) late (\(ReportText.share(policy.lateShare)))"
        let text =
            "\(late), \(policy.value(.lost) == 0 ? "none" : RunSummary.Figure.lost.text(policy.value(.lost))) lost; "
            + "99 % finished within \(ReportText.milliseconds(policy.value(.p99Ms)))."
        return "<p class=\"verdict p\(index % Palette.policies)\"><b>\(Drawing.escaped(policy.name))</b>: \(text)</p>\n"
    }

    private static func table(_ table: ComparisonTable, seeds: Int) -> String {
        let hasComparison = table.policies.count == 2
        var html = "<div class=\"scroll\"><table><thead><tr><th></th>"
        html += table.policies.map { "<th>\(Drawing.escaped($0))</th>" }.joined()
        if hasComparison { html += "<th>\(Drawing.escaped("against \(table.policies[1])"))</th>" }
        html += "</tr></thead><tbody>\n"
        for row in table.rows {
            html += "<tr><th>\(Drawing.escaped(row.label))</th>"
            for cell in row.cells {
                let small = cell.confidence.isEmpty ? "" : "<small>\(Drawing.escaped(cell.confidence))</small>"
                html += "<td\(cell.isBest ? " class=\"best\"" : "")>\(Drawing.escaped(cell.value))\(small)</td>"
            }
            if hasComparison { html += "<td class=\"against\">\(Drawing.escaped(row.comparison))</td>" }
            html += "</tr>\n"
        }
        let note = seeds > 1 ? "✓ better, beyond the 95 % confidence (±) of both." : "✓ better; one seed tells no confidence."
        return html + "</tbody></table></div><p class=\"ran\">\(note) Lower is better everywhere.</p>\n"
    }

    private static func figures(_ world: ReportedWorld, _ policies: [ReportedPolicy]) -> String {
        let finish = FinishPlot(policies: policies, deadlines: world.deadlines)
        let timeline = TimelinePlot(scenario: world.scenario, policies: policies)
        let names = world.scenario.orchestrators.flatMap(\.names)
        let load = LoadPlot(policies: policies, orchestrators: names)
        let cost = CostPlot(policies: policies)
        var html = figure(
            "How soon segments are finished",
            "Further left is sooner. The scale stretches the tail: the step from 90 to 99 % is as long as the one from 0 to 90 %.",
            PolicyLegend.html(policies) + finish.pictures)
        if policies.contains(where: { !$0.record.timelines.isEmpty }) {
            html += figure(
                "Who served which segment",
                "The streams with the most late segments. One bar a segment, coloured by orchestrator: a change of colour is a swap. On top, what goes wrong when.",
                timeline.legend + timeline.pictures)
        }
        html += figure(
            "Load", "The busiest orchestrator over the mean: \(LoadPlot.imbalance(policies, orchestrators: names.count)).",
            PolicyLegend.html(policies) + load.pictures)
        if cost.isWorthDrawing {
            html += figure(
                "Cost against latency", "Lower is cheaper, further left is sooner. Small dots are single seeds.", cost.pictures)
        } else {
            html += "<figure><figcaption><h2>Cost against latency</h2><p>All prices are 0 here.</p></figcaption></figure>\n"
        }
        return html
    }

    private static func section(_ sweep: Sweep) -> String {
        var html = figure(
            "What \(sweep.setting) costs",
            "Each point is a run with another value. Full points are the frontier: no other value is better in both. Grey ones are not worth it.",
            FrontierPlot(sweep: sweep).pictures)
        html += "<div class=\"scroll\"><table><thead><tr><th>\(Drawing.escaped(sweep.setting))</th>"
        html += SweepReport.columns.map { "<th>\($0)</th>" }.joined() + "</tr></thead><tbody>\n"
        for point in sweep.points {
            let style = sweep.isOnFrontier(point) ? " class=\"best\"" : ""
            let cells = SweepReport.cells(point).map { "<td>\(Drawing.escaped($0))</td>" }.joined()
            html += "<tr><td\(style)>\(ReportText.short(point.value))</td>\(cells)</tr>\n"
        }
        return html + "</tbody></table></div>\n"
    }

    private static func figure(_ title: String, _ note: String, _ pictures: String) -> String {
        "<figure><figcaption><h2>\(Drawing.escaped(title))</h2><p>\(Drawing.escaped(note))</p></figcaption>\(pictures)</figure>\n"
    }
}

/// Which colour is which policy, above a picture that has no room for the names.
private enum PolicyLegend {
    static func html(_ policies: [ReportedPolicy]) -> String {
        let items = policies.enumerated().map { index, policy in
            "<span><i class=\"p\(index % Palette.policies)\"></i>\(Drawing.escaped(policy.name))</span>"
        }
        return "<p class=\"legend\">\(items.joined(separator: " "))</p>"
    }
}

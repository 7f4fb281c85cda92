/// Okabe and Ito's colours, which the colour-blind can tell apart; a lighter set on a dark page. As CSS, for pages and plots.
enum Palette {
    /// Colours there are for policies; more policies begin again.
    static let policies = 5
    /// Colours there are for orchestrators; all others are grey.
    static let orchestrators = 6

    private static let light = (
        policies: ["#0072b2", "#d55e00", "#009e73", "#aa4499", "#8a6d00"],
        orchestrators: ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#f0e442"]
    )
    private static let dark = (
        policies: ["#56b4e9", "#ff9d5c", "#3fd6ac", "#e59bc9", "#f0e442"],
        orchestrators: ["#56b4e9", "#e69f00", "#1fb58c", "#cc79a7", "#3d8fd1", "#f0e442"]
    )

    static var css: String {
        let dark = variables(dark.policies, dark.orchestrators)
        let rules = (0..<policies).map { ".p\($0){--c:var(--p\($0))}" } + (0..<orchestrators).map { ".o\($0){--c:var(--o\($0))}" }
        return ":root{\(variables(light.policies, light.orchestrators))}@media(prefers-color-scheme:dark){:root{\(dark)}}"
            + rules.joined() + ".o-other{--c:var(--faint)}"
    }

    private static func variables(_ policies: [String], _ orchestrators: [String]) -> String {
        let first = policies.enumerated().map { "--p\($0.offset):\($0.element);" }
        return (first + orchestrators.enumerated().map { "--o\($0.offset):\($0.element);" }).joined()
    }
}

/// Colours for the orchestrators that serve most; the rest share a grey.
struct OrchestratorColours {
    /// In order of their work.
    let named: [(orchestrator: String, style: String)]
    let hasOthers: Bool
    private let styles: [String: String]

    init(served: [String: Int]) {
        let order = served.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        named = order.prefix(Palette.orchestrators).enumerated().map { ($0.element, "fill o\($0.offset)") }
        hasOthers = order.count > Palette.orchestrators
        styles = Dictionary(named.map { ($0.orchestrator, $0.style) }) { first, _ in first }
    }

    func style(of orchestrator: String) -> String { styles[orchestrator] ?? "fill o-other" }
}

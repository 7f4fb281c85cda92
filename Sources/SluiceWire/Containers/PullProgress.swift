/// How far the fetching of an image is, by the lines of `POST /images/create`.
package struct PullProgress: Sendable {
    private static let mostLayers = 1000

    private var layers: [String: (done: Int, of: Int)] = [:]
    private var status = ""
    /// The engine's own words for why it failed.
    package private(set) var failure: String?

    package init() {}

    package mutating func take(_ line: JSONTree) {
        if let error = line["errorDetail"]?["message"]?.string ?? line["error"]?.string { failure = error }
        status = line["status"]?.string ?? status
        guard let layer = line["id"]?.string, layers[layer] != nil || layers.count < Self.mostLayers else { return }
        if let done = line["progressDetail"]?["current"]?.integer, let all = line["progressDetail"]?["total"]?.integer, all > 0,
            status == "Downloading"
        {
            layers[layer] = (done, all)
        } else if status == "Download complete" || status == "Pull complete", let known = layers[layer] {
            layers[layer] = (known.of, known.of)
        }
    }

    package var words: String {
        guard !layers.isEmpty else { return status }
        let (done, all) = layers.values.reduce((0, 0)) { ($0.0 + $1.done, $0.1 + $1.of) }
        return "\(done / 1_000_000) of \(all / 1_000_000) MB in \(layers.count) layers"
    }
}

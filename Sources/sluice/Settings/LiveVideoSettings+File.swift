import SluiceGateway
import SluiceTypes
import SluiceWire

extension LiveVideoStage.Settings {
    /// ## Configuration keys
    /// - `liveVideo.pipeline` (text, default none): the model for streams whose publishers name none; unset, those are left as they are.
    /// - `liveVideo.params` (JSON object, default {}): parameters for it.
    /// - `liveVideo.stallMs` (int, default 1500, 200…60000): a worker that shows nothing for so long is left.
    /// - `liveVideo.firstPictureMs` (int, default 20000, 500…600000): how long a worker may take to its first picture.
    static func read(_ reader: inout SettingsReader) throws -> Self {
        var settings = Self()
        settings.stallTime = try reader.milliseconds("liveVideo.stallMs", default: 1500, in: 200...60_000)
        settings.firstPictureTime = try reader.milliseconds("liveVideo.firstPictureMs", default: 20_000, in: 500...600_000)
        let parameters = reader.text("liveVideo.params", default: "{}")
        let checked: String
        do { checked = try LiveVideoForms.parameters(parameters).text } catch {
            throw SettingsError(
                key: "liveVideo.params", value: parameters, source: reader.source(of: "liveVideo.params"), wish: error.description)
        }
        settings.order = reader.text("liveVideo.pipeline").map { LiveVideoOrder(model: $0, parameters: checked) }
        return settings
    }
}

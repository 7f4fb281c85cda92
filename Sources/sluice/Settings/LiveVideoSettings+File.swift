import SluiceGateway
import SluiceNetwork
import SluiceTypes
import SluiceWire

extension LiveVideoStage.Settings {
    /// ## Configuration keys
    /// - `liveVideo.pipeline` (text, default none): the model for streams whose publishers name none; unset, those are left as they are.
    /// - `liveVideo.params` (JSON object, default {}): parameters for it.
    /// - `liveVideo.stallMs` (int, default 1500, 200…60000): a worker that shows nothing for so long is left.
    /// - `liveVideo.firstPictureMs` (int, default 20000, 500…600000): how long a worker may take to its first picture.
    /// - `liveVideo.unusedMs` (int, default 60000, 500…3600000): how long a BYOC stream waits for its publisher before its worker is let go.
    /// - `liveVideo.standby` (none or warm, default none): whether a second worker is fed all the time, to take over within half a second.
    /// - `liveVideo.between` (hold, raw or gap, default hold): what is shown while no worker delivers.
    /// - `liveVideo.sound` (any, worker, source or none, default any): whose sound goes with a worker's pictures.
    /// - `liveVideo.push` (list of rtmp URLs, default none): where every result is sent; `{stream}` is its name.
    static func read(_ reader: inout SettingsReader) throws -> Self {
        var settings = Self()
        settings.stallTime = try reader.milliseconds("liveVideo.stallMs", default: 1500, in: 200...60_000)
        settings.firstPictureTime = try reader.milliseconds("liveVideo.firstPictureMs", default: 20_000, in: 500...600_000)
        settings.unusedTime = try reader.milliseconds("liveVideo.unusedMs", default: 60_000, in: 500...3_600_000)
        settings.standby = try reader.choice("liveVideo.standby", default: .none)
        settings.between = try reader.choice("liveVideo.between", default: .hold)
        settings.sound = try reader.choice("liveVideo.sound", default: .any)
        settings.push = reader.list("liveVideo.push") ?? []
        for url in settings.push {
            do { _ = try RTMPClientAddress(url) } catch {
                throw SettingsError(key: "liveVideo.push", value: url, source: reader.source(of: "liveVideo.push"), wish: "\(error)")
            }
        }
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

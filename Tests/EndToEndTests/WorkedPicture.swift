import Foundation

/// A plain picture in, and the colour of what comes out.
extension RunningGateway {
    /// A white picture with sound, in real time, for a minute. The name may have a query.
    func publishWhite(_ name: String) throws -> Program {
        try Program([
            "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "color=c=white:size=320x180:rate=30", "-f", "lavfi",
            "-i",
            "sine=sample_rate=48000", "-t", "60", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt",
            "yuv420p", "-c:a", "aac", "-f", "flv", "\(rtmp)/live/\(name)",
        ])
    }

    /// The mean colour of the newest segment's first picture.
    func colour(_ stream: String) async throws -> (red: Int, green: Int, blue: Int)? {
        guard let newest = try await playlist(stream, "source")?.uris.last else { return nil }
        return try await Self.colour(of: "\(http)/stream/\(stream)/\(newest)")
    }

    static func colour(of address: String) async throws -> (red: Int, green: Int, blue: Int)? {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-colour-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        _ = try await Program.run([
            "ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-i", address, "-frames:v", "1", "-vf", "scale=1:1", "-pix_fmt", "rgb24",
            "-f",
            "rawvideo", file,
        ])
        guard let bytes = FileManager.default.contents(atPath: file), bytes.count == 3 else { return nil }
        return (Int(bytes[0]), Int(bytes[1]), Int(bytes[2]))
    }

    func isRed(_ stream: String) async throws -> Bool? { try await colour(stream).flatMap { $0.red > 200 && $0.green < 130 ? true : nil } }
    func isGreen(_ stream: String) async throws -> Bool? {
        try await colour(stream).flatMap { $0.green > 200 && $0.red < 130 ? true : nil }
    }
}

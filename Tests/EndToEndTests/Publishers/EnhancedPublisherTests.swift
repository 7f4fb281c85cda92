import Foundation
import Testing

/// Publishers with codings that plain FLV has no numbers for (Enhanced RTMP): a real FFmpeg sends them, a real FFmpeg reads what is served.
@Suite(.serialized, .timeLimit(.minutes(3))) struct EnhancedPublisherTests {
    @Test(arguments: [("libsvtav1", "av1", "av01."), ("libx265", "hevc", "hvc1.")])
    func itsPicturesAreServedAndWorkedOn(coder: String, codec: String, name: String) async throws {
        let gateway = try await RunningGateway(["--profiles", "P240p30fps16x9"])
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("enhanced.py").path
        let publisher = try Program(["python3", script, "\(gateway.rtmp)/live/cam", coder, "14"])
        _ = try await eventually("three segments of the rendition", within: .seconds(60)) {
            if !publisher.isRunning { throw Waited(description: "the publisher ended: \(publisher.text)\n\(gateway.program.text)") }
            return (try await gateway.playlist("cam", "P240p30fps16x9"))?.uris.count ?? 0 >= 3 ? true : nil
        }
        let variants = try await gateway.get("/ll/cam.m3u8")
        #expect(variants.contains("CODECS=\"\(name)") && variants.contains("RESOLUTION=320x180,FRAME-RATE=30.000"), "\(variants)")
        #expect(await publisher.status() == 0, "\(publisher.text)")
        let log = gateway.program.text

        let source = try await gateway.ended("cam", "source")
        let rendition = try await gateway.ended("cam", "P240p30fps16x9")
        #expect(source.uris.count == rendition.uris.count && rendition.gaps == 0, "\(log)")
        for (playlist, expected) in [(source, (codec, "320")), (rendition, ("h264", "426"))] {
            let uri = try #require(playlist.uris.dropFirst(2).first)
            let facts = try await gateway.probe("cam", uri, "codec_name,width,nb_read_frames")
            #expect(facts["codec_name"] == expected.0 && facts["width"] == expected.1 && facts["nb_read_frames"] == "60", "\(facts) \(log)")
        }
        // Low latency from its beginning to its end, decoded: nothing is missing, and nothing cannot be.
        let decoded = try await Program.run([
            "ffmpeg", "-nostdin", "-v", "error", "-live_start_index", "0", "-i", "\(gateway.http)/ll/cam/source.m3u8", "-f", "framemd5",
            "-",
        ])
        let pictures = decoded.split(separator: "\n").count { $0.hasPrefix("0,") }
        #expect(pictures >= 300 && !decoded.contains("Error") && !decoded.contains("Invalid"), "\(pictures): \(decoded.prefix(500)) \(log)")
        gateway.program.terminate()
        #expect(await gateway.program.status() == 0)
    }
}

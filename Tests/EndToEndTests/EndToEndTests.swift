import Testing

/// The promises to the outside, kept with real programs at the other end: FFmpeg publishes, curl pushes, FFprobe looks.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EndToEndTests {
    @Test func aPublishedStreamComesBackWholeInEveryRendition() async throws {
        let gateway = try await RunningGateway()
        let publisher = try gateway.publish("cam", seconds: 6)
        #expect(await publisher.status() == 0, "\(publisher.text)")
        let source = try await gateway.ended("cam", "source")
        for (rendition, width) in [("P240p30fps16x9", "426"), ("P360p30fps16x9", "640")] {
            let playlist = try await gateway.ended("cam", rendition)
            #expect(playlist.uris.count == source.uris.count)
            #expect(playlist.gaps == 0)
            for (made, cut) in zip(playlist.uris, source.uris) {
                let rendition = try await gateway.probe("cam", made, "width,nb_read_frames,start_pts,codec_name")
                let original = try await gateway.probe("cam", cut, "width,nb_read_frames,start_pts,codec_name")
                #expect(rendition["width"] == width)
                #expect(rendition["codec_name"] == "h264")
                #expect(rendition["nb_read_frames"] == original["nb_read_frames"])
                #expect(rendition["start_pts"] == original["start_pts"])
            }
        }
        let master = try await gateway.get("/stream/cam.m3u8")
        #expect(master.contains("RESOLUTION=640x360"))
        #expect(master.contains("CODECS=\"avc1."))
    }

    @Test func threeStreamsAtOnceLoseNothing() async throws {
        let gateway = try await RunningGateway(["--profiles", "P144p30fps16x9"])
        let names = ["a", "b", "c"]
        let publishers = try names.map { try gateway.publish($0, seconds: 6, size: "320x180") }
        for publisher in publishers { #expect(await publisher.status() == 0, "\(publisher.text)") }
        for name in names {
            let source = try await gateway.ended(name, "source")
            let rendition = try await gateway.ended(name, "P144p30fps16x9")
            #expect(source.uris.count == 3)
            #expect(rendition.uris.count == 3)
            #expect(rendition.gaps == 0)
        }
    }

    @Test func aReturningPublisherGoesOnWhereItStopped() async throws {
        let gateway = try await RunningGateway(["--profiles", "none"])
        #expect(await (try gateway.publish("cam", seconds: 3)).status() == 0)
        let first = try await gateway.ended("cam", "source")
        #expect(await (try gateway.publish("cam", seconds: 3)).status() == 0)
        let second = try await gateway.ended("cam", "source")
        #expect(second.uris.count > first.uris.count)
        #expect(second.discontinuities == 1)
        #expect(second.mediaSequence == first.mediaSequence)
    }

    @Test func theOnlyOrchestratorGoesAndComesBack() async throws {
        let port = try await RunningOrchestrator.freePort()
        let first = try await RunningOrchestrator(port: port)
        let gateway = try await RunningGateway(["--orchestrator", "127.0.0.1:\(port)", "--profiles", "P144p30fps16x9"])
        let publisher = try gateway.publish("cam", seconds: 20, size: "320x180")
        _ = try await eventually("a rendition") { try await gateway.playlist("cam", "P144p30fps16x9") }
        first.program.killAtOnce()
        _ = await first.program.status()
        let second = try await RunningOrchestrator(port: port)
        #expect(await publisher.status() == 0, "\(publisher.text)")
        let source = try await gateway.ended("cam", "source")
        let rendition = try await gateway.ended("cam", "P144p30fps16x9")
        #expect(rendition.uris.count == source.uris.count)
        #expect(rendition.mediaSequence == source.mediaSequence)
        // What was cut while nobody was there is a gap; what came after is not.
        let last = try await gateway.probe("cam", rendition.uris[rendition.uris.count - 1], "codec_name")
        #expect(last["codec_name"] == "h264")
        #expect(second.program.isRunning)
    }

    @Test func aPushedSegmentIsAnsweredWithItsRenditions() async throws {
        let gateway = try await RunningGateway()
        let fixture = SluiceFixture.path("media/av720p30gop2s.ts")
        let answer = try await Program.run([
            "curl", "-s", "-i", "-H", "Accept: multipart/mixed", "-H", "Content-Duration: 2000", "--data-binary", "@\(fixture)",
            "--output", "-", "\(gateway.http)/live/push/0.ts",
        ])
        // The body is media: only the head is text for sure.
        let head = try await Program.run([
            "curl", "-s", "-o", "/dev/null", "-D", "-", "-H", "Accept: multipart/mixed", "-H", "Expect: 100-continue", "--data-binary",
            "@\(fixture)", "\(gateway.http)/live/push/1.ts",
        ])
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 200"))
        #expect(head.contains("200 OK"))
        #expect(head.contains("multipart/mixed; boundary="))
        let probed = try await gateway.probe("push", "P240p30fps16x9/1.ts", "width,nb_read_frames")
        #expect(probed["nb_read_frames"] == "60")
        func status(_ arguments: [String]) async throws -> String {
            try await Program.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"] + arguments)
        }
        #expect(try await status(["--data-binary", "no media", "\(gateway.http)/live/push/2.ts"]) == "422")
        #expect(try await status(["--data-binary", "no media", "\(gateway.http)/live/garbage/0.ts"]) == "422")
        let streams = try await Program.run(["curl", "-s", "\(gateway.admin)/status"])
        #expect(streams.contains("\"push\""))
        #expect(!streams.contains("\"garbage\""))
        #expect(try await status(["--data-binary", "", "\(gateway.http)/live/push/2.ts"]) == "422")
        #expect(try await status(["--data-binary", "@\(fixture)", "\(gateway.http)/live/push/0.ts"]) == "400")
        #expect(try await status(["--data-binary", "@\(fixture)", "\(gateway.http)/live/push/2.m3u8"]) == "400")
        #expect(try await status(["\(gateway.http)/live/push/2.ts"]) == "405")
        #expect(try await status(["-X", "DELETE", "\(gateway.http)/live/push"]) == "204")
        let ended = try await gateway.ended("push", "source")
        #expect(ended.uris.count == 2)
    }

    @Test func aSliceOfAPushedSegmentComesBack() async throws {
        let gateway = try await RunningGateway(["--profiles", "P240p30fps16x9"])
        let status = try await Program.run([
            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Slice-From: 500", "-H", "Content-Slice-To: 1500",
            "--data-binary", "@\(SluiceFixture.path("media/av720p30gop2s.ts"))", "\(gateway.http)/live/part/0.ts",
        ])
        #expect(status == "200")
        let rendition = try await gateway.probe("part", "P240p30fps16x9/0.ts", "nb_read_frames")
        let source = try await gateway.probe("part", "source/0.ts", "nb_read_frames")
        #expect(rendition["nb_read_frames"] == "31" && source["nb_read_frames"] == "60")
    }

    @Test func aSignalEndsEverythingInOrder() async throws {
        let gateway = try await RunningGateway(["--profiles", "none"])
        let publisher = try gateway.publish("cam", seconds: 30, size: "320x180")
        _ = try await eventually("a segment") { try await gateway.playlist("cam", "source") }
        gateway.program.terminate()
        #expect(await gateway.program.status() == 0, "\(gateway.program.text)")
        _ = await publisher.status()
    }
}

enum SluiceFixture {
    static func path(_ name: String) -> String {
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Fixtures/" + name
    }
}

import SluiceTypes
import Testing

@testable import SluiceWire

@Suite struct ProfileTextTests {
    @Test func jsonIsReadWithTheNetworksDefaults() throws {
        let profiles = try ProfileText.parse(
            """
            [{"width":320,"height":180,"bitrate":300000,"fps":30000,"fpsDen":1001,"profile":"H264High","gop":"intra"},
             {"name":"b","width":160,"height":90,"bitrate":1,"gop":"1.5","encoder":"HEVC","quality":30,"other":true}]
            """)
        #expect(
            profiles == [
                TranscodeProfile(
                    name: "custom_320x180_300000", width: 320, height: 180, bitrate: 300_000,
                    frameRate: Rational(30000, 1001), h264Profile: .high, keyFrames: .intraOnly),
                TranscodeProfile(
                    name: "b", width: 160, height: 90, bitrate: 1, codec: .hevc, keyFrames: .every(milliseconds: 1500),
                    quality: 30),
            ])
    }

    @Test func presetsAreFoundByName() throws {
        let profiles = try ProfileText.parse("P144p30fps16x9, P720p60fps16x9")
        #expect(profiles.map(\.width) == [256, 1280])
        #expect(profiles.map(\.frameRate) == [Rational(30), Rational(60)])
        #expect(throws: ProfileText.Fault.self) { try ProfileText.parse("P144p25fps16x9") }
    }

    @Test(arguments: [
        "[", "[1]", #"[{"width":"a"}]"#, "[{}]", #"[{"name":"a/b","width":2,"height":2,"bitrate":1}]"#,
        #"[{"width":2,"height":2,"bitrate":1,"gop":"-1"}]"#, #"[{"width":2,"height":2,"bitrate":1,"gop":"nan"}]"#,
        #"[{"width":2,"height":2,"bitrate":1,"profile":"x"}]"#, #"[{"width":2,"height":2,"bitrate":1,"fps":-1}]"#,
    ])
    func nonsenseIsRefusedWithAReason(text: String) {
        let fault = #expect(throws: ProfileText.Fault.self) { try ProfileText.parse(text) }
        #expect(fault?.description.isEmpty == false)
    }
}

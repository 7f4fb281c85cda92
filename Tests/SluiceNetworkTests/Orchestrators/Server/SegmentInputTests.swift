import Foundation
import HTTPTypes
import NIOCore
import SluiceProto
import SluiceTypes
import SluiceWire
import SwiftProtobuf
import Testing

@testable import SluiceNetwork

/// What a stranger may send to `/segment`, and what he gets.
@Suite struct SegmentInputTests {
    private let service: ScriptedService
    private let door: OrchestratorDoor

    init() throws {
        service = ScriptedService()
        door = try OrchestratorDoor(service)
    }

    private func expectRefusal(_ answer: DoorAnswer, _ status: HTTPResponse.Status, _ text: String) {
        #expect(answer.head?.status == status)
        #expect(String(buffer: answer.body) == text + "\n")
        #expect(service.jobs == 0)
        #expect(door.endpoint.uploads.held == 0)
    }

    @Test(arguments: [
        ("%%%", "ErrorSegEncoding"), (Data([255, 255, 255]).base64EncodedString(), "proto: cannot parse invalid wire-format data"),
        ("", "missing auth token"),
    ])
    func aHeaderThatIsNone(header: String, text: String) async throws {
        expectRefusal(try await door.segment(header: header, body: ByteBuffer(string: "x")), .forbidden, text)
    }

    @Test func aTokenOfAnotherOrchestrator() async throws {
        let foreign = try await OrchestratorDoor(ScriptedService()).token()
        expectRefusal(try await door.segment(foreign), .forbidden, "invalid auth token")
    }

    @Test func aTokenWithAnotherSession() async throws {
        var token = try await door.token()
        token.sessionID = try await door.token().sessionID
        expectRefusal(try await door.segment(token), .forbidden, "invalid auth token")
    }

    @Test func aTokenOfLongAgo() async throws {
        let token = try await door.token()
        door.advance(by: .seconds(1800))
        #expect(try await door.segment(token).head?.status == .ok)
        door.advance(by: .seconds(1))
        let answer = try await door.segment(token)
        #expect(answer.head?.status == .forbidden)
        #expect(String(buffer: answer.body) == "expired auth token\n")
    }

    @Test(arguments: [0, 31, 33])
    func aHashOfTheWrongLength(count: Int) async throws {
        let answer = try await door.segment(try await door.token()) { $0.hash = Data(repeating: 1, count: count) }
        expectRefusal(answer, .forbidden, "Forbidden")
    }

    @Test func noProfilesAreNoRenditions() async throws {
        let answer = try await door.segment(try await door.token()) { $0.fullProfiles = [] }
        let result = try Net_TranscodeResult(serializedBytes: answer.bytes)
        #expect(result.data.segments.isEmpty && result.error.isEmpty)
        #expect(service.jobs == 0)
    }

    @Test(arguments: [
        (1000, 320, 180, "p", "Too many outputs"), (1, 0, 0, "p", "TranscoderInvalidResolution"),
        (1, 100_000, 100_000, "p", "TranscoderInvalidResolution"), (1, .max, .max, "p", "TranscoderInvalidResolution"),
        (1, 320, 180, "a/b", "Invalid argument"), (1, 320, 180, "../../etc/passwd", "Invalid argument"),
    ])
    func hopelessProfilesGetTheirWordInTheResult(count: Int, width: Int32, height: Int32, name: String, text: String) async throws {
        let answer = try await door.segment(try await door.token()) { message in
            message.fullProfiles = (0..<count).map { index in
                .with { ($0.name, $0.width, $0.height, $0.bitrate) = (count == 1 ? name : "\(name)\(index)", width, height, 1000) }
            }
        }
        #expect(answer.head?.status == .ok)
        #expect(try Net_TranscodeResult(serializedBytes: answer.bytes).error == text)
        #expect(service.jobs == 0)
        #expect(door.endpoint.calls.renditions.size == 0)
    }
}

/// The bound on what all uploads hold together.
@Suite struct UploadBudgetTests {
    @Test func itIsTakenGivenBackAndNeverOver() {
        let budget = UploadBudget(limit: 10)
        #expect(budget.hasRoom(for: 10) && !budget.hasRoom(for: 11))
        #expect(budget.take(6))
        #expect(!budget.take(5))
        #expect(budget.take(4))
        budget.release(6)
        #expect(budget.held == 4)
        #expect(budget.hasRoom(for: 6))
    }

    @Test func aSegmentThatDoesNotFitIsSentElsewhere() async throws {
        let service = ScriptedService()
        let door = try OrchestratorDoor(service, uploads: UploadBudget(limit: 8))
        let answer = try await door.segment(try await door.token())
        #expect(answer.head?.status == .serviceUnavailable)
        #expect(answer.head?.headerFields[.retryAfter] == "1")
        #expect(String(buffer: answer.body) == "OrchestratorBusy\n")
        #expect(service.jobs == 0)
        #expect(door.endpoint.uploads.held == 0)
    }

    @Test func itIsHeldWhileTheWorkIsDone() async throws {
        let service = ScriptedService()
        let gate = Gate()
        service.hold(until: gate)
        let size = "a segment".utf8.count
        let door = try OrchestratorDoor(service, uploads: UploadBudget(limit: size))
        let token = try await door.token()
        async let first = door.segment(token)
        await service.started.wait()
        #expect(door.endpoint.uploads.held == size)
        #expect(try await door.segment(token).head?.status == .serviceUnavailable)
        gate.open()
        #expect(try await first.head?.status == .ok)
        #expect(door.endpoint.uploads.held == 0)
        #expect(try await door.segment(token).head?.status == .ok)
    }

    @Test func anUploadThatBreaksOffGivesBackWhatItTook() async throws {
        let door = try OrchestratorDoor(ScriptedService())
        let token = try await door.token()
        await #expect(throws: ChannelError.self) { try await door.brokenSegment(token) }
        #expect(door.endpoint.uploads.held == 0)
    }
}

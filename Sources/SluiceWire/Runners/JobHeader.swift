import Foundation

/// The `Livepeer` header of a BYOC job: base64 of JSON (specs/byoc §4).
package struct JobHeader: Hashable, Sendable {
    /// Some hundred bytes; parameters may name many orchestrators.
    package static let longest = 16 << 10
    package static let longestTimeout = 24 * 3600

    package var id: String
    /// What its `request` names; the reference's gateways leave the identifier of a stop empty, and name the stream here alone (seen).
    package var streamID: String
    package var capability: String
    /// Seconds.
    package var timeout: Int
    /// Service URIs that alone, or in no case, are asked.
    package var include: [String]
    package var exclude: [String]
    /// As they were given: JSON, at least `{}`.
    package var request: String
    package var parameters: String
    package var wantsVideoIn: Bool
    package var wantsVideoOut: Bool
    package var wantsData: Bool

    /// - Throws: `JSONFault`, in the reference's words where it has some.
    package init(_ text: String) throws(JSONFault) {
        guard !text.isEmpty else { throw JSONFault("unexpected end of JSON input") }
        guard text.utf8.count <= Self.longest, let data = Data(base64Encoded: text) else {
            throw JSONFault("the Livepeer header is no base64 of at most \(Self.longest) characters")
        }
        let fields = JSONFields(try JSONTree(parsing: data))
        id = try fields.text("id", longest: RunnerForm.longestText)
        capability = try fields.text("capability", longest: RunnerForm.longestText)
        timeout = try fields.int("timeout_seconds", default: 0)
        guard timeout != 0 else { throw JSONFault("no timeout_seconds set with request, timeout_seconds is required") }
        guard (1...Self.longestTimeout).contains(timeout) else {
            throw JSONFault("timeout_seconds \(timeout): 1 to \(Self.longestTimeout) is right")
        }
        request = try fields.text("request", longest: Self.longest)
        streamID = request.isEmpty ? "" : (try? JSONTree(parsing: request.utf8))?["stream_id"]?.string ?? ""
        parameters = try fields.text("parameters", longest: Self.longest)
        let given = parameters.isEmpty ? JSONTree.object([]) : try JSONTree(parsing: parameters.utf8)
        func names(_ key: String) -> [String] { (given["orchestrators"]?[key]?.elements ?? []).compactMap(\.string) }
        include = names("include")
        exclude = names("exclude")
        wantsVideoIn = given["enable_video_ingress"]?.boolean ?? false
        wantsVideoOut = given["enable_video_egress"]?.boolean ?? false
        wantsData = given["enable_data_output"]?.boolean ?? false
    }
}

extension JobHeader {
    /// Off-chain nobody signs, and the sender is nobody (§8).
    package static let sender = "0x0000000000000000000000000000000000000000"
    private static let signature = "0x"

    /// As the reference's gateway writes it (seen); the two search times are its own and say nothing to others.
    package static func text(
        id: String, request: String, parameters: String, capability: String, timeout: Int
    ) -> String {
        let tree = JSONTree.members([
            "id": .text(id), "request": .text(request), "parameters": .text(parameters), "capability": .text(capability),
            "capability_url": "", "sender": .text(sender), "sig": .text(signature), "timeout_seconds": .int(timeout),
            "OrchSearchTimeout": .int(0), "OrchSearchRespTimeout": .int(0),
        ])
        return Data(tree.text.utf8).base64EncodedString()
    }

    /// `Livepeer-Eth-Address` of a gateway off-chain.
    package static var senderText: String {
        Data(JSONTree.members(["addr": .text(sender), "sig": .text(signature)]).text.utf8).base64EncodedString()
    }
}

/// Forms of BYOC beside the job header (specs/byoc §2 and §3).
package enum CapabilityForm {
    /// - Returns: what a worker registers: the same as a single-shot runner.
    package static func registration(_ json: JSONTree) throws(JSONFault) -> (
        app: String, description: String, url: String, capacity: Int, token: String
    ) {
        let fields = JSONFields(json)
        let name = try fields.text("name", longest: RunnerForm.longestText)
        guard !name.isEmpty else { throw JSONFault("name is required") }
        let capacity = try fields.int("capacity", default: 1)
        guard (1...RunnerForm.mostCapacity).contains(capacity) else {
            throw JSONFault("capacity \(capacity): 1 to \(RunnerForm.mostCapacity) is right")
        }
        let currency = try fields.text("currency", longest: 16).lowercased()
        guard ["", "wei", "usd"].contains(currency) else { throw JSONFault("currency '\(currency)': wei or USD is right") }
        let token = try fields.text("token", longest: RunnerForm.longestURL)
        guard token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw JSONFault("token: text without spaces is right, as it stands in a header")
        }
        return (
            name, try fields.text("description", longest: RunnerForm.longestMetadata),
            try RunnerForm.url(try fields.text("url", longest: RunnerForm.longestURL), "url"), capacity, token
        )
    }

    /// The sender in `Livepeer-Eth-Address`. Off-chain nobody signs, and the signature may be empty (§8).
    package static func sender(_ text: String) -> (address: String, signature: String)? {
        guard text.utf8.count <= 1024, let data = Data(base64Encoded: text), let json = try? JSONTree(parsing: data),
            let address = json["addr"]?.string, address.hasPrefix("0x"), address.utf8.count == 42,
            address.dropFirst(2).allSatisfy(\.isHexDigit),
            let signature = json["sig"]?.string, signature.utf8.count <= 132,
            signature.drop(while: { $0 == "x" || $0 == "0" }).allSatisfy(\.isHexDigit)
        else { return nil }
        return (address, signature)
    }

    /// Off-chain all is free. The empty ticket parameters keep the reference's gateways from falling over their absence (§8).
    package static func token(sender: (address: String, signature: String), serviceURI: String, available: Int) -> JSONTree {
        .members([
            "sender_address": .members(["addr": .text(sender.address), "sig": .text(sender.signature)]), "ticket_params": .object([]),
            "price": .members(["pixelsPerUnit": .int(1)]), "service_addr": .text(serviceURI),
            "available_capacity": available > 0 ? .int(available) : nil, "LastNonce": .int(0),
        ])
    }
}

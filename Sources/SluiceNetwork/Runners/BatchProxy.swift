package import HTTPTypes
package import NIOCore
import SluiceTypes
import SluiceWire

/// Several routers as one; the first that takes a request has it.
package struct ProxyRouters: ProxyRouter {
    private let routers: [any ProxyRouter]

    package init(_ routers: [any ProxyRouter]) { self.routers = routers }

    package func takes(_ request: HTTPRequest) -> Bool { routers.contains { $0.takes(request) } }

    package func decide(on request: HTTPRequest, loop: any EventLoop) -> EventLoopFuture<ProxyDecision> {
        guard let router = routers.first(where: { $0.takes(request) }) else {
            return loop.makeSucceededFuture(.answer(.refusal(.notFound, "404 page not found")))
        }
        return router.decide(on: request, loop: loop)
    }
}

/// Batch AI requests, given to single-shot runners by pipeline and model (specs/ai-jobs §1).
package struct BatchProxy: ProxyRouter {
    /// Sound of 50 MB is the largest input that is taken (§4), and pictures beside it.
    static let longestBody = 64 << 20
    /// Of all that are read at once.
    private static let budget = UploadBudget(limit: 512 << 20)

    private let shots: any SingleShots

    package init(_ desk: RunnerDesk) { shots = desk }
    package init(_ desk: AppDesk) { shots = desk }

    package func takes(_ request: HTTPRequest) -> Bool { BatchPipeline(path: request.path ?? "") != nil }

    package func decide(on request: HTTPRequest, loop: any EventLoop) -> EventLoopFuture<ProxyDecision> {
        guard let pipeline = BatchPipeline(path: request.path ?? "") else {
            return loop.makeSucceededFuture(Self.problem(.notFound, "404 page not found"))
        }
        guard request.method == .post else {
            return loop.makeSucceededFuture(Self.problem(.methodNotAllowed, "POST is right", headers: [.allow: "POST"]))
        }
        let (shots, type) = (shots, request.headerFields[.contentType] ?? "")
        return loop.makeSucceededFuture(
            .read(upTo: Self.longestBody, budget: Self.budget) { body in
                do {
                    let (model, body) = try pipeline.model(of: body, contentType: type)
                    return .forward(try Self.forward(shots, pipeline, model, body))
                } catch let fault as JSONFault {
                    return Self.problem(.badRequest, fault.description)
                } catch {
                    return Self.problem(.serviceUnavailable, "\(error)", headers: [.retryAfter: "1"])
                }
            })
    }

    private static func forward(_ shots: any SingleShots, _ pipeline: BatchPipeline, _ model: String, _ body: ByteBuffer) throws
        -> ProxyForward
    {
        var first: (any Error)?
        for app in pipeline.apps(model: model) {
            do {
                var forward = try shots.forward(AppWish(app: app), path: "/\(pipeline.name)")
                forward.body = body
                return Self.repeating(forward, body)
            } catch { first = first ?? error }
        }
        throw first ?? AppLack("no runner serves '\(pipeline.name)/\(model)'")
    }

    /// The body goes along wherever it is sent.
    private static func repeating(_ forward: ProxyForward, _ body: ByteBuffer) -> ProxyForward {
        var forward = forward
        forward.isRepeatable = true
        forward.body = body
        guard let retry = forward.retry else { return forward }
        forward.retry = { failure in
            guard case .forward(let again) = retry(failure) else { return nil }
            return .forward(repeating(again, body))
        }
        return forward
    }

    private static func problem(_ status: HTTPResponse.Status, _ text: String, headers: HTTPFields = [:]) -> ProxyDecision {
        var headers = headers
        headers[.contentType] = "application/json"
        return .answer(HTTPDirectAnswer(status, headers: headers, pieces: [ByteBuffer(string: BatchPipeline.problem(text).text)]))
    }
}

/// BYOC's `POST /process/request/…` (specs/byoc §5): the capability is the app, any single-shot runner may serve it.
package struct CapabilityProxy: ProxyRouter {
    private enum Face { case orchestrator, gateway }

    static let prefix = "/process/request"
    private let shots: any SingleShots
    private let face: Face

    package init(_ desk: RunnerDesk) {
        shots = desk
        face = .orchestrator
    }

    package init(_ desk: AppDesk) {
        shots = desk
        face = .gateway
    }

    package func takes(_ request: HTTPRequest) -> Bool { request.path?.hasPrefix(Self.prefix + "/") == true }

    package func decide(on request: HTTPRequest, loop: any EventLoop) -> EventLoopFuture<ProxyDecision> {
        loop.makeSucceededFuture(decide(request))
    }

    private func decide(_ request: HTTPRequest) -> ProxyDecision {
        guard request.method == .post else { return .answer(.refusal(.methodNotAllowed, "Method not allowed", headers: [.allow: "POST"])) }
        let path = String((request.path ?? "").dropFirst(Self.prefix.count))
        guard !RunnerRoute.escapes(path) else { return .answer(.refusal(.badRequest, "'.' and '..' are no elements of an app's path")) }
        let job: JobHeader
        do { job = try JobHeader(request.headerFields[.livepeer] ?? "") } catch {
            return .answer(
                .refusal(.badRequest, face == .gateway ? "Unable to parse job request, err=\(error)" : "Could not verify job creds"))
        }
        do {
            let wish = AppWish(app: job.capability, mode: .singleShot, only: job.include, without: job.exclude)
            return .forward(dressed(try shots.forward(wish, path: path), job))
        } catch {
            switch face {
            case .gateway: return .answer(.refusal(.badRequest, "No orchestrators found for capability \(job.capability)"))
            case .orchestrator:
                return .answer(.refusal(.serviceUnavailable, "No capacity available for capability", headers: [.retryAfter: "1"]))
            }
        }
    }

    private func dressed(_ forward: ProxyForward, _ job: JobHeader) -> ProxyForward {
        var forward = forward
        forward.answerTime = min(forward.answerTime, .seconds(job.timeout))
        // For orchestrators, not for workers.
        forward.drops = [.livepeer, .livepeerPayment]
        forward.answerHeaders[.livepeerBalance] = "0"
        if face == .gateway { forward.answerHeaders[.orchestratorURL] = forward.answerHeaders[.servedByOrchestrator] }
        forward.isRepeatable = true
        if let retry = forward.retry {
            forward.retry = { failure in
                guard case .forward(let again) = retry(failure) else { return nil }
                return .forward(dressed(again, job))
            }
        }
        return forward
    }
}

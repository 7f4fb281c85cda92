import Logging
import NIOCore
package import SluiceTypes
import Synchronization

extension StreamTable: StreamJobs {
    /// A job with the stream of its result, where it makes one.
    struct Job: Sendable {
        let stream: LiveVideoStream
        let made: LiveStream?
    }

    /// After a stop the worker, and then the orchestrator's own limits, end it; nobody is kept waiting for longer.
    private static let stopTime: Duration = .seconds(5)

    package func start(_ order: LiveVideoOrder, _ asked: PublishRequest) async throws(StreamJobRefusal) -> LiveVideoStatus {
        guard let stage = liveVideo, let job = order.job else { throw .unusable("this gateway has no streams of workers") }
        guard !isClosing.withLock({ $0 }) else { throw .shuttingDown }
        try await admit(asked)
        guard stage.route.offers(order.model, where: job.allows) else { throw .unknownCapability(order.model) }
        guard live(asked.stream) == nil else { throw .exists(asked.stream) }
        let stream: LiveVideoStream
        var order = order
        order.outputs += job.makesVideo ? stage.settings.push : []
        do { stream = try stage.made(order, for: asked.stream) } catch { throw .unusable("\(error)") }
        try stage.jobs.add(stream, most: settings.maxStreams)
        let made: LiveStream?
        do { made = job.makesVideo ? try stage.openResult(of: stream, key: nil, in: self) : nil } catch {
            stage.jobs.remove(stream)
            if case .tooManyStreams(let limit) = error { throw .tooMany(limit: limit) }
            throw .unusable("the stream \(stream.output) cannot be opened: \(error)")
        }
        announceJob.yield(Job(stream: stream, made: made))
        await settled(stream, within: .seconds(job.timeout))
        guard stream.isPlaced else {
            let reason = stream.status.lastError ?? "none has answered within \(job.timeout) s"
            stream.stop()
            throw .unplaced(reason)
        }
        return stream.status
    }

    /// Who may publish the stream may begin it; its place is taken when it is published.
    private func admit(_ asked: PublishRequest) async throws(StreamJobRefusal) {
        guard let admission else { return }
        do throws(PublishRefusal) {
            let grant = try await admission.admit(asked, profiles: nil, usual: settings.profiles)
            grant.abandoned()
            guard grant.stream == asked.stream else {
                throw .denied("the auth webhook gives the stream another name, '\(grant.stream)'")
            }
        } catch {
            logger.warning(
                "stream refused", metadata: ["stream": "\(asked.stream)", "from": "\(asked.remoteAddress)", "reason": "\(error)"])
            throw .denied("\(error)")
        }
    }

    private func settled(_ stream: LiveVideoStream, within limit: Duration) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await Task.sleep(for: limit)
                stream.settled.open()
            }
            await stream.settled.opened()
            group.cancelAll()
        }
    }

    /// From its start to its end, which is its publisher's.
    func carry(_ job: Job) async {
        guard let stage = liveVideo else { return }
        let stream = job.stream
        await withDiscardingTaskGroup { group in
            if stream.request.order.job?.takesVideo == true {
                group.addTask { await self.endUnused(stream, after: stage.settings.unusedTime) }
            }
            await stage.carry(stream, as: job.made, of: nil, in: self)
            group.cancelAll()
        }
        stream.data.end()
        stage.jobs.remove(stream)
        stream.settled.open()
        stream.stopped.open()
        stage.log(stream, "job ended", ["reason": "\(stream.status.lastError ?? "stopped")"])
    }

    private func endUnused(_ stream: LiveVideoStream, after limit: Duration) async {
        do { try await Task.sleep(for: limit) } catch { return }
        guard live(stream.source) == nil else { return }
        stream.note { $0.fail("nobody published to \(stream.source) within \(limit)") }
        logger.notice("live video", metadata: ["stream": "\(stream.source)", "event": "unused", "after": "\(limit)"])
        stream.stop()
    }

    private func stream(of name: String) -> LiveVideoStream? { StreamID(name).flatMap { liveVideo?.jobs[$0] } }

    package func job(_ name: String) -> LiveVideoStatus? { stream(of: name)?.status }

    package func isFed(_ name: String) -> Bool { StreamID(name).map { live($0) != nil } ?? false }

    package func update(job name: String, parameters: String) async throws -> WorkerAnswer? {
        guard let stream = stream(of: name) else { return nil }
        return try await stream.update(parameters) ?? WorkerAnswer(status: 200)
    }

    package func stop(job name: String) async -> WorkerAnswer? {
        guard let stream = stream(of: name) else { return nil }
        stream.stop()
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await Task.sleep(for: Self.stopTime)
                stream.stopped.open()
            }
            await stream.stopped.opened()
            group.cancelAll()
        }
        return stream.stopAnswer ?? WorkerAnswer(status: 200)
    }

    package func data(of name: String) -> StreamJobReading {
        guard let stream = stream(of: name) else { return .noSuchStream }
        guard stream.request.order.job?.saysData == true else { return .notWanted }
        return stream.data.read().map { .lines($0) } ?? .full(limit: DataLines.mostReaders)
    }
}

import CSpawn
import Foundation
import NIOCore
import NIOPosix
import SluiceTypes
import Synchronization

/// A process that was started from here, at the head of a group of its own.
final class RunningProcess: Sendable {
    private struct State {
        /// Its identifier may be another's by now.
        var isReaped = false
        var exit: RunnerExit?
        var waiting: [Int: CheckedContinuation<RunnerExit, Never>] = [:]
        var nextWaiter = 0
    }

    /// After its end, for what it wrote last.
    private static let lastWords = TimeAmount.milliseconds(200)

    let id: pid_t
    private let state = Mutex(State())

    private init(_ id: pid_t) { self.id = id }

    /// - Parameter command: a program, looked for in `PATH`, and its arguments.
    static func start(
        _ command: [String], environment: [String: String], directory: String?, log: RunnerLog, group: any EventLoopGroup
    ) async throws(RunnerFault) -> RunningProcess {
        guard let program = command.first else { throw RunnerFault(.noProgram, "command: a program and its arguments are right") }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw RunnerFault(.other, "no pipe: \(text(errno))") }
        let reading = ends[0]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (code, id) = spawn(program, command, environment, directory, output: ends[1])
        close(ends[1])
        guard code == 0 else {
            close(reading)
            let place = directory.map { " in '\($0)'" } ?? ""
            throw RunnerFault(
                code == ENOENT || code == EACCES ? .noProgram : .other, "'\(program)' cannot be started\(place): \(text(code))")
        }
        let process = RunningProcess(id)
        let output: (any Channel)?
        do {
            output = try await NIOPipeBootstrap(group: group).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(LogHandler(log)) }
            }.takingOwnershipOfDescriptor(input: reading).get()
        } catch {
            log.note("what it writes cannot be read: \(error)")
            output = nil
        }
        process.reap(output)
        return process
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func spawn(
        _ program: String, _ command: [String], _ environment: [String: String], _ directory: String?, output: Int32
    ) -> (code: Int32, id: pid_t) {
        var arguments = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var id = pid_t()
        let code = sluice_spawn(&id, program, &arguments, &variables, directory, output)
        return (code, id)
    }

    /// On a thread of its own: waiting for a process blocks.
    private func reap(_ output: (any Channel)?) {
        Thread.detachNewThread {
            var status: Int32 = 0
            var ended = pid_t()
            repeat { ended = waitpid(self.id, &status, 0) } while ended < 0 && errno == EINTR
            // Whoever is left of its group.
            kill(-self.id, SIGKILL)
            self.state.withLock { $0.isReaped = true }
            let code = status & 0x7f
            let exit: RunnerExit = ended < 0 ? .gone : code == 0 ? .code(Int((status >> 8) & 0xff)) : .signal(Int(code))
            guard let output else { return self.settle(exit) }
            output.eventLoop.scheduleTask(in: Self.lastWords) {
                output.close(promise: nil)
                self.settle(exit)
            }
        }
    }

    private func settle(_ exit: RunnerExit) {
        let waiting = state.withLock { state in
            state.exit = exit
            defer { state.waiting = [:] }
            return state.waiting
        }
        for one in waiting.values { one.resume(returning: exit) }
    }

    /// - Returns: `gone` when the task is cancelled: nobody waits any longer.
    func exit() async -> RunnerExit {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let exit: RunnerExit? = state.withLock { state in
                    if let exit = state.exit { return exit }
                    // Cancelled before there was anybody to tell.
                    if Task.isCancelled { return .gone }
                    state.waiting[waiter] = continuation
                    return nil
                }
                if let exit { continuation.resume(returning: exit) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume(returning: .gone)
        }
    }

    /// To the whole group; to nobody once it has ended.
    func signal(_ number: Int32) {
        state.withLock { state in
            if !state.isReaped { kill(-id, number) }
        }
    }

    private final class LogHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let log: RunnerLog

        init(_ log: RunnerLog) { self.log = log }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { log.write(unwrapInboundIn(data).readableBytesView) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

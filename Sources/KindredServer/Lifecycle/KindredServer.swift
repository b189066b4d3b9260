import CKindredSystem
import Dispatch
import Glibc
import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A server: one event loop per thread, a control thread for models, a listening socket. It is made, then it listens,
/// then it is shut down. A server that cannot start ends its threads before it throws.
package final class KindredServer: Sendable {
    private let configuration: ServerConfiguration
    private let context: ServerContext
    private let group: MultiThreadedEventLoopGroup
    private let supervisor: ModelSupervisor
    private let logger: Logger

    /// Checks the configuration, tries the address, reads the state, and starts the event loops. Loads nothing. Throws
    /// the reason why the server cannot start.
    package init(configuration: ServerConfiguration, logger: Logger) throws {
        // Before the first write to a log whose reader may have gone.
        _ = signal(SIGPIPE, SIG_IGN)
        kindred_prepare_heap()
        try StartChecks.descriptors(configuration)
        try StartChecks.address(configuration)
        if let violation = configuration.limits.violation { throw StartFailure.limits(violation) }
        var configuration = configuration
        KindredServer.fitConnections(&configuration, logger: logger)
        self.configuration = configuration
        self.logger = logger
        try StartChecks.modelsRoot(configuration.modelsRoot)
        try StartChecks.answerCache(configuration)
        try StartChecks.filterCache(configuration)
        try StartChecks.addressSpace(configuration)
        context = ServerContext(configuration: configuration, logger: logger)
        supervisor = try ModelSupervisor(configuration: configuration, server: context)
        // Last, since a failure after it has to end the threads.
        group = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.threadCount, metricsDelegate: LoopTicks())
        do throws(MemoryFailure) {
            var workers: [LoopWorker] = []
            for loop in group.makeIterator() { workers.append(try LoopWorker(loop: loop, server: context)) }
            context.complete(workers: workers, supervisor: supervisor)
        } catch {
            supervisor.stop()
            try? group.syncShutdownGracefully()
            throw StartFailure.answerCache(
                mebibytes: configuration.answerCacheMebibytes, threads: configuration.threadCount,
                reason: "\(error)")
        }
        BLAS.useOneThread
        logger.info(
            "starting",
            metadata: [
                "models": "\(configuration.modelsRoot)", "threads": "\(configuration.threadCount)",
                "blas": "\(BLAS.description)", "int8_kernel": "\(ScanKernel.chosen.name)",
                "answer_cache_mib": "\(configuration.answerCacheMebibytes)",
                "filter_cache_mib": "\(configuration.filterCacheMebibytes)",
            ])
        BLASCheck.run(logger: logger)
        KindredServer.checkRequestedKernel(logger: logger)
    }

    /// Logs where `KINDRED_ISA` is not followed: a measurement with it would measure another kernel.
    private static func checkRequestedKernel(logger: Logger) {
        guard let value = ScanKernel.requested, let fault = ScanKernel.fault(ofRequest: value) else { return }
        let message: Logger.Message =
            switch fault {
            case .unknown: "KINDRED_ISA names no kernel and is ignored: wanted \(ScanKernel.rule)"
            case .unavailable: "KINDRED_ISA names a kernel that this CPU or its system lacks"
            }
        logger.warning(
            message,
            metadata: ["found": "\(value.prefix(80))", "int8_kernel": "\(ScanKernel.chosen.name)"])
    }

    /// Raises the limit of descriptors as far as the process may, and lowers the limit of connections to what it
    /// allows: a connection must not take the descriptor with which a model is read.
    private static func fitConnections(_ configuration: inout ServerConfiguration, logger: Logger) {
        let limit = DescriptorLimit.raise()
        let threads = configuration.threadCount
        let wanted = UInt64(configuration.limits.connectionsMax)
        let possible = DescriptorLimit.connectionsMax(of: limit, threads: threads)
        guard possible < wanted, let fitting = UInt32(exactly: possible) else { return }
        configuration.limits.connectionsMax = fitting
        logger.warning(
            "too few file descriptors for all connections that the limits allow: fewer are taken; raise ulimit -n",
            metadata: [
                "descriptors": "\(limit)", "connections": "\(fitting)", "allowed": "\(wanted)",
                "wanted": "\(wanted + DescriptorLimit.reserve + DescriptorLimit.perLoop * UInt64(threads))",
            ])
    }

    /// Loads what can serve, then listens. Connections are spread over the event loops. Throws `StartFailure.listen`,
    /// and `StartFailure.stopped` where `stopStarting` was called before; the server is shut down then.
    package func listen() async throws -> any Channel {
        do {
            guard await load() else { throw StartFailure.stopped }
            let channel = try await bind()
            for worker in context.workers {
                let pause = Self.sweepPause
                worker.loop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in worker.sweep() }
            }
            // Last: a loop may have made a thread before, which would inherit its processor.
            let pinnedCount = try await pin(context.workers.map(\.loop))
            supervisor.listens(at: Self.address(of: channel))
            logger.info(
                "listening",
                metadata: [
                    "address": "\(Self.address(of: channel))", "loops_on_own_processors": "\(pinnedCount)",
                ])
            return channel
        } catch {
            await endThreads()
            if case StartFailure.stopped = error { logger.info("stopped") }
            throw error
        }
    }

    /// How often each loop looks after its connections.
    private static let sweepPause = TimeAmount.milliseconds(250)

    /// Ends `listen` soon, where it still loads: the load is cancelled. Any thread may call.
    package func stopStarting() {
        let supervisor = supervisor
        DispatchQueue.global().async { supervisor.stop() }
    }

    /// Loads what can serve; false where the server was told to stop meanwhile.
    private func load() async -> Bool {
        let supervisor = supervisor
        let isLoaded = await Self.blocking { supervisor.start() }
        if isLoaded, supervisor.list.models.allSatisfy({ $0.active == 0 }) {
            logger.warning("no model is ready yet", metadata: ["models": "\(configuration.modelsRoot)"])
        }
        return isLoaded
    }

    private func bind() async throws(StartFailure) -> any Channel {
        let logger = logger
        let workers = Dictionary(
            uniqueKeysWithValues: context.workers.map { (ObjectIdentifier($0.loop), $0) })
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: logger))
                    }
                }
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let worker = workers[ObjectIdentifier(channel.eventLoop)]!
                        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(worker: worker))
                    }
                }
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                // A peer that has sent everything still gets its answers.
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.maxMessagesPerRead, value: 4)
                .childChannelOption(
                    .writeBufferWaterMark,
                    value: ChannelOptions.Types.WriteBufferWaterMark(low: 128 << 10, high: 512 << 10)
                )
                .bind(host: configuration.host, port: configuration.port).get()
        } catch {
            throw .listen(
                "\(configuration.host):\(configuration.port)", reason: StartFailure.reason(of: error))
        }
    }

    /// Pins each loop to its processor; the number of loops that are pinned. Where the system refuses, as when the
    /// process has lost a processor, this is logged and the loop stays where the system puts it.
    private func pin(_ loops: [any EventLoop]) async throws -> Int {
        var count = 0
        for (loop, processor) in zip(loops, configuration.processors ?? []) {
            let code = try await loop.submit { kindred_keep_to_processor(CInt(processor)) }.get()
            if code == 0 {
                count += 1
                continue
            }
            logger.warning(
                "an event loop does not keep to its processor",
                metadata: ["processor": "\(processor)", "reason": "\(SystemError.text(code))"])
        }
        return count
    }

    /// Where a channel listens, as HOST:PORT.
    package static func address(of channel: any Channel) -> String {
        guard let address = channel.localAddress else { return "unknown" }
        let host = address.ipAddress ?? "unknown"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(address.port ?? 0)"
    }

    /// Stops listening, answers the requests that were accepted, and tells every client to disconnect. Returns when all
    /// connections have ended, or after the grace period.
    package func shutDown(_ listener: any Channel) async {
        logger.info("shutting down")
        try? await listener.close().get()
        for worker in context.workers {
            try? await worker.loop.submit { worker.drain() }.get()
        }
        // Requests that wait for a load or a look are refused now, and the load is cancelled.
        await stopSupervisor()
        let deadline = NIODeadline.now() + .milliseconds(Int64(configuration.drainMilliseconds))
        while NIODeadline.now() < deadline {
            if context.connectionCount.load(ordering: .relaxed) == 0 { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        let left = context.connectionCount.load(ordering: .relaxed)
        if left > 0 { logger.warning("connections cut off", metadata: ["connections": "\(left)"]) }
        await endThreads()
        logger.info("stopped")
        LogWriter.standardError.flush()
    }

    /// Ends the control thread and the event loops.
    private func endThreads() async {
        await stopSupervisor()
        try? await group.shutdownGracefully()
    }

    private func stopSupervisor() async {
        let supervisor = supervisor
        await Self.blocking { supervisor.stop() }
    }

    /// Runs work that blocks on a thread that may block. The threads of Swift's tasks are as few as processors, and a
    /// second signal needs one.
    private static func blocking<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: work()) }
        }
    }
}

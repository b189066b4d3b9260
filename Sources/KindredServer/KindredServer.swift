import CKindredSystem
import Dispatch
import Foundation
import Glibc
import KindredCatalog
import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A running server: one event loop per thread, a control thread for models, a listening socket.
package final class KindredServer: Sendable {
    private let configuration: ServerConfiguration
    private let context: ServerContext
    private let group: MultiThreadedEventLoopGroup
    private let supervisor: ModelSupervisor
    private let logger: Logger

    /// Tries the address, reads the state and loads what can serve. Blocks until that is done; throws what keeps the
    /// server from starting.
    package init(configuration: ServerConfiguration, logger: Logger) throws {
        // Before the first write to a log whose reader may have gone.
        _ = signal(SIGPIPE, SIG_IGN)
        kindred_prepare_heap()
        try StartFailure.checkDescriptors(configuration)
        try ListenAddress.check(configuration)
        if let violation = configuration.limits.violation { throw StartFailure.limits(violation) }
        var configuration = configuration
        KindredServer.fitConnections(&configuration, logger: logger)
        self.configuration = configuration
        self.logger = logger
        try StartFailure.checkFolder(configuration.modelsRoot)
        try StartFailure.checkAnswerCache(configuration)
        try StartFailure.checkAddressSpace(configuration)
        let context = ServerContext(configuration: configuration, logger: logger)
        self.context = context
        group = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.threadCount, metricsDelegate: LoopTicks())
        supervisor = try ModelSupervisor(configuration: configuration, server: context)
        var workers: [LoopWorker] = []
        for loop in group.makeIterator() {
            do throws(MemoryFailure) {
                workers.append(try LoopWorker(loop: loop, server: context))
            } catch {
                throw StartFailure.answerCache(
                    mebibytes: configuration.answerCacheMebibytes, threads: configuration.threadCount,
                    reason: "\(error)")
            }
        }
        context.complete(workers: workers, supervisor: supervisor)
        BLAS.useOneThread
        logger.info(
            "starting",
            metadata: [
                "models": "\(configuration.modelsRoot)", "threads": "\(configuration.threadCount)",
                "blas": "\(BLAS.description)", "int8_kernel": "\(ScanKernel.chosen.name)",
                "answer_cache_mib": "\(configuration.answerCacheMebibytes)",
            ])
        BLASCheck.run(logger: logger)
        KindredServer.checkRequestedKernel(logger: logger)
        supervisor.start()
        if supervisor.list.models.allSatisfy({ $0.active == 0 }) {
            logger.warning("no model is ready yet", metadata: ["models": "\(configuration.modelsRoot)"])
        }
    }

    /// Says where `KINDRED_ISA` was not followed: whoever measures with it would measure something else.
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

    /// Raises the limit of descriptors as far as the process may, and takes no more connections than it allows: one
    /// more would take the descriptor that a model is read with.
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

    /// Listens; the address is where. Connections are spread over the event loops.
    package func listen() async throws -> any Channel {
        let logger = logger
        let workers = Dictionary(
            uniqueKeysWithValues: context.workers.map { (ObjectIdentifier($0.loop), $0) })
        let channel: any Channel
        do {
            channel = try await ServerBootstrap(group: group)
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
                // A peer that has sent all that it will send is still answered.
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.maxMessagesPerRead, value: 4)
                .childChannelOption(
                    .writeBufferWaterMark,
                    value: ChannelOptions.Types.WriteBufferWaterMark(low: 128 << 10, high: 512 << 10)
                )
                .bind(host: configuration.host, port: configuration.port).get()
        } catch {
            throw StartFailure.listen(
                "\(configuration.host):\(configuration.port)", reason: StartFailure.reason(of: error))
        }
        for worker in context.workers {
            worker.loop.scheduleRepeatedTask(initialDelay: .milliseconds(250), delay: .milliseconds(250)) {
                _ in
                worker.sweep()
            }
        }
        // Last: whoever a loop woke up so far may have had it make a thread, which would keep to its processor too.
        let pinnedCount = try place(context.workers.map(\.loop))
        supervisor.listens(at: Self.address(of: channel))
        logger.info(
            "listening",
            metadata: ["address": "\(Self.address(of: channel))", "pinned_threads": "\(pinnedCount)"])
        return channel
    }

    /// Has each loop keep to its processor; how many do. Where the system refuses, as when a processor was taken from
    /// the process meanwhile, it says so and the loop stays where it is put.
    private func place(_ loops: [any EventLoop]) throws -> Int {
        var count = 0
        for (loop, processor) in zip(loops, configuration.processors ?? []) {
            let code = try loop.submit { kindred_keep_to_processor(CInt(processor)) }.wait()
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

    /// Stops listening, answers what was accepted, tells every client to go, and ends when all have gone or the
    /// grace is over.
    package func shutDown(_ listener: any Channel) async {
        logger.info("shutting down")
        try? await listener.close().get()
        for worker in context.workers {
            try? await worker.loop.submit { worker.drain() }.get()
        }
        // What waits for a load or a look is refused now: no load is waited for.
        await stopSupervisor()
        let deadline = NIODeadline.now() + .milliseconds(Int64(configuration.drainMilliseconds))
        while NIODeadline.now() < deadline {
            if context.connectionCount.load(ordering: .relaxed) == 0 { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        let left = context.connectionCount.load(ordering: .relaxed)
        if left > 0 { logger.warning("connections cut off", metadata: ["connections": "\(left)"]) }
        try? await group.shutdownGracefully()
        logger.info("stopped")
        LogWriter.standardError.flush()
    }

    /// On a thread that may wait: those of Swift's tasks are as few as processors, and a second signal needs one.
    private func stopSupervisor() async {
        let supervisor = supervisor
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                supervisor.stop()
                continuation.resume()
            }
        }
    }
}

/// Runs a server until it is told to stop.
package struct KindredService: Service {
    private let server: KindredServer
    private let listener: any Channel
    private let ready: @Sendable () -> Void

    /// `ready` is called once signals are handled, so that whoever waits for it may send one at once.
    package init(server: KindredServer, listener: any Channel, ready: @escaping @Sendable () -> Void) {
        self.server = server
        self.listener = listener
        self.ready = ready
    }

    package func run() async throws {
        ready()
        // Returns, or throws where the task is cancelled instead: either way it is time to stop.
        try? await gracefulShutdown()
        await server.shutDown(listener)
    }
}

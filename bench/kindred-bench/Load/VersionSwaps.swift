import KindredClient
import KindredDomain
import KindredTerminal
import Synchronization

/// Activates versions of a model in turn while a load runs.
struct VersionSwaps {
    /// Time limit of an activation: the protocol's greatest timeout.
    private static let activationMax = Duration.milliseconds(Int(Limits.standard.timeoutMillisecondsMax))

    private let target: LoadTarget
    private let versions: [UInt64]
    private let interval: Duration
    private let client: KindredClient

    /// Throws for fewer than two versions.
    init(_ target: LoadTarget, every interval: Duration) throws {
        self.target = target
        self.interval = interval
        // The server keeps the active, the previous and, since an activation pins, the newest version. Among three
        // others each swap loads one.
        let all = try target.versions()
        versions = all.count > 3 ? all.dropLast() : all
        var configuration = ClientConfiguration()
        configuration.timeout = Self.activationMax
        client = KindredClient(target.endpoint, configuration: configuration)
    }

    /// Runs `load` on its own thread, with a swap in the middle of each interval.
    func run<Result: Sendable>(
        _ windows: SwapWindows, _ load: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let swaps = Task { try await swapInTurn(windows) }
        do {
            let result = try await onThread(load)
            swaps.cancel()
            try await swaps.value
            return result
        } catch {
            swaps.cancel()
            _ = try? await swaps.value
            throw error
        }
    }

    /// Swaps until the task is cancelled; a swap in progress completes.
    private func swapInTurn(_ windows: SwapWindows) async throws {
        var next = ContinuousClock.now + interval / 2
        var turn = versions.firstIndex(of: target.model?.active ?? 0) ?? versions.count - 1
        while true {
            do { try await Task.sleep(until: next) } catch { return }
            turn = (turn + 1) % versions.count
            let version = versions[turn]
            try await windows.swap(to: version) { try await activate(version) }
            next = max(next + interval, .now)
        }
    }

    /// Activates a version, even if the calling task is cancelled meanwhile.
    func activate(_ version: UInt64) async throws {
        try await Task { [client, target] in
            _ = try await client.activate(model: target.model?.name, version: version)
        }.value
    }

    /// Restores the model's earlier choice: its pinned version, or the newest.
    func restore() async throws {
        let pinned = target.model?.pinned ?? 0
        _ = try await client.activate(model: target.model?.name, version: pinned > 0 ? pinned : nil)
        await client.close()
    }
}

/// The times of version swaps, written by one task and read by the load's threads.
final class SwapWindows: Sendable {
    struct Window: Encodable, Sendable {
        let version: UInt64
        /// From the activation request to the server's reply.
        let milliseconds: Double
    }

    private let start = ContinuousClock.now
    private let isSwapping = Atomic<Bool>(false)
    /// Nanoseconds since `start`; below 0 before the first swap.
    private let lastEnd = Atomic<Int64>(-1)
    private let windows = Mutex<[Window]>([])

    var all: [Window] { windows.withLock { $0 } }

    /// Whether a swap was in progress at any time since an instant.
    func touch(since instant: ContinuousClock.Instant) -> Bool {
        isSwapping.load(ordering: .acquiring)
            || lastEnd.load(ordering: .acquiring) >= (instant - start).inNanoseconds
    }

    /// Runs a swap to `version` and records its time.
    func swap(to version: UInt64, _ body: () async throws -> Void) async rethrows {
        let begun = ContinuousClock.now
        isSwapping.store(true, ordering: .releasing)
        defer {
            lastEnd.store((ContinuousClock.now - start).inNanoseconds, ordering: .releasing)
            isSwapping.store(false, ordering: .releasing)
        }
        try await body()
        let milliseconds = (ContinuousClock.now - begun).inMilliseconds
        windows.withLock { $0.append(Window(version: version, milliseconds: milliseconds)) }
    }
}

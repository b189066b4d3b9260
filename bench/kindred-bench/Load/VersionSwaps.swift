import KindredClient
import KindredDomain

/// Activates versions of a model in turn while a load runs.
struct VersionSwaps {
    /// An activation that takes longer is a failure: the most that the protocol lets a client wait.
    private static let activationMax = Duration.milliseconds(Int(Limits.standard.timeoutMillisecondsMax))

    private let target: LoadTarget
    private let versions: [UInt64]
    private let interval: Duration
    private let client: KindredClient

    /// Throws where there are not two versions to swap between.
    init(_ target: LoadTarget, every interval: Duration) throws {
        self.target = target
        self.interval = interval
        // In memory are the version that serves, the one before and, since an activation pins, the newest: among three
        // others each swap loads one.
        let all = try target.versions()
        versions = all.count > 3 ? all.dropLast() : all
        var configuration = ClientConfiguration()
        configuration.timeout = Self.activationMax
        client = KindredClient(target.endpoint, configuration: configuration)
    }

    /// Runs `load` on a thread of its own, and a swap in the middle of each interval until it is over.
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

    /// Until the task is cancelled; a swap that has begun is finished.
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

    /// Makes a version serve, also where the calling task is cancelled meanwhile.
    func activate(_ version: UInt64) async throws {
        try await Task { [client, target] in
            _ = try await client.activate(model: target.model?.name, version: version)
        }.value
    }

    /// Makes the model serve what it did before: a version that was pinned, or the newest.
    func restore() async throws {
        let pinned = target.model?.pinned ?? 0
        _ = try await client.activate(model: target.model?.name, version: pinned > 0 ? pinned : nil)
        await client.close()
    }
}

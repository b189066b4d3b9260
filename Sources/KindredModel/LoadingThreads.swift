import Glibc
import Synchronization

/// Threads that share the work of one load with the thread that asks for it.
///
/// They live for one piece of work, so a server that loads nothing has none, and they inherit the niceness of the
/// thread that asks: a load under traffic stays behind the event loops, a load at the start has the machine.
enum LoadingThreads {
    /// Threads of one load, the asking one among them: more of them wait for memory, not for a CPU.
    private static let countMax = 4

    /// Does `0 ..< count` in parts of `partSize`, the last one possibly smaller, each once and in any order. Throws
    /// what the least part threw that threw: the same failure whoever came first. Parts above a failed one may be
    /// left out.
    static func run(
        _ count: Int, inPartsOf partSize: Int, _ part: @Sendable (Range<Int>) throws(ModelFileFailure) -> Void
    ) throws(ModelFileFailure) {
        let partCount = (count + partSize - 1) / partSize
        let helperCount = min(partCount, countMax, sysconf(Int32(_SC_NPROCESSORS_ONLN))) - 1
        let failure = withoutActuallyEscaping(part) { part in
            let work = SharedWork(count: count, partSize: partSize, part)
            let helpers = (0..<max(0, helperCount)).compactMap { _ in start(work) }
            work.run()
            // Nobody calls `part` after this.
            for helper in helpers { pthread_join(helper, nil) }
            return work.failure
        }
        if let failure { throw failure }
    }

    /// A thread that helps; nil where the system has none to give, and the others do its part.
    private static func start(_ work: SharedWork) -> pthread_t? {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(work)
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<SharedWork>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            return nil
        }
        return thread
    }
}

private final class SharedWork: Sendable {
    private let count: Int
    private let partSize: Int
    private let part: @Sendable (Range<Int>) throws(ModelFileFailure) -> Void
    private let next = Atomic<Int>(0)
    private let failed = Mutex<(start: Int, failure: ModelFileFailure)?>(nil)

    init(
        count: Int, partSize: Int, _ part: @escaping @Sendable (Range<Int>) throws(ModelFileFailure) -> Void
    ) {
        self.count = count
        self.partSize = partSize
        self.part = part
    }

    var failure: ModelFileFailure? { failed.withLock { $0?.failure } }

    func run() {
        while true {
            let start = next.wrappingAdd(partSize, ordering: .relaxed).oldValue
            guard start < count else { return }
            do throws(ModelFileFailure) {
                try part(start..<min(start + partSize, count))
            } catch {
                failed.withLock { failed in
                    if start < failed?.start ?? .max { failed = (start, error) }
                }
                // Parts are dealt in ascending order: whoever fails has nothing lesser left to find.
                return
            }
        }
    }
}

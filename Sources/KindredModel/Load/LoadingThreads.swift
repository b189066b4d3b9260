import CKindredSystem
import Dispatch
import Glibc
import KindredDomain
import KindredSystem
import Synchronization

/// Threads that share the work of one load. They live for one piece of it, so a server that loads nothing has none.
package final class LoadingThreads: Sendable {
    /// The thread that asks does its part, others of its niceness the rest: a load at the start has the machine.
    package static let eager = LoadingThreads(givesWay: false, cancellation: Cancellation())

    /// As `eager`, for one load that may be cancelled.
    package static func eager(_ cancellation: Cancellation) -> LoadingThreads {
        LoadingThreads(givesWay: false, cancellation: cancellation)
    }

    /// For one load beside requests. Its work is left to threads that run where others leave them time, in small parts,
    /// for as long as they get on. Where they do not, since the processors have no time left, the load goes on as an
    /// eager one does, with the niceness of the thread that asks; what they had begun they still have to finish.
    package static func givingWay(_ cancellation: Cancellation = Cancellation()) -> LoadingThreads {
        LoadingThreads(givesWay: true, cancellation: cancellation)
    }

    /// Threads of one load: more of them wait for memory, not for a CPU.
    private static let countMax = 4
    /// For how long a load gives way at most.
    private static let givingWayMilliseconds = 1_000
    /// Threads that give way get on where each of them runs for one in so many of the nanoseconds between two looks.
    private static let givingWayShare = 20
    private static let millisecondsBetweenLooks = 100
    /// Of a part of an eager load, one that gives way does one in so many at a time: about 0.2 ms.
    private static let givingWayPartShare = 8
    /// Bytes of new memory that are touched in a row.
    private static let touchedByteCount = 2 << 20
    /// What touching them takes at most where they are at hand: a few times what clearing them takes.
    private static let touchNanosecondsMax = 1_000_000
    /// The pause after touching that took longer, as a multiple of it.
    private static let touchPauseFactor = 3

    /// When to give way no longer; nil once that is over.
    private let deadline: Mutex<DispatchTime?>
    /// Ends the load soon, with a failure that says so.
    package let cancellation: Cancellation

    private init(givesWay: Bool, cancellation: Cancellation) {
        deadline = Mutex(givesWay ? .now() + .milliseconds(Self.givingWayMilliseconds) : nil)
        self.cancellation = cancellation
    }

    /// Throws where the load was cancelled: a failure that says nothing about the version.
    package func checkCancellation() throws(FileFailure) {
        guard cancellation.isCancelled else { return }
        throw FileFailure(file: "the load", field: "state", found: "cancelled", wanted: "going on")
    }

    /// Does `0 ..< count` in parts of at most `partSize`, each once and in any order. Throws
    /// what the least part threw that threw: the same failure whoever came first. Parts above a failed one may be
    /// left out. A cancelled load begins no other part, and throws.
    package func run(
        _ count: Int, inPartsOf partSize: Int, _ part: @Sendable (Range<Int>) throws(FileFailure) -> Void
    ) throws(FileFailure) {
        let givesWay = deadline.withLock { $0 != nil }
        let partSize = givesWay ? max(1, partSize / Self.givingWayPartShare) : partSize
        let partCount = (count + partSize - 1) / partSize
        let threadCount = min(partCount, Self.countMax, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let failure = withoutActuallyEscaping(part) { part in
            let work = SharedWork(count: count, partSize: partSize, cancellation: cancellation, part)
            var helpers: [pthread_t] = []
            if givesWay {
                helpers = (0..<threadCount).compactMap { _ in Self.start { work.runGivingWay() } }
                giveWay(to: helpers, work)
            }
            if !work.isDealt, !cancellation.isCancelled {
                helpers += (1..<max(1, threadCount)).compactMap { _ in Self.start { work.run() } }
                work.run()
            }
            // Nobody calls `part` after this.
            for helper in helpers { pthread_join(helper, nil) }
            return work.failure
        }
        try checkCancellation()
        if let failure { throw failure }
    }

    /// Waits while threads that give way get on with a piece of work: until they have done it, or for as long as they
    /// get enough of the processors.
    private func giveWay(to helpers: [pthread_t], _ work: SharedWork) {
        var running = helpers.count
        var used = 0
        while running > 0 {
            let lookAt = DispatchTime.now() + .milliseconds(Self.millisecondsBetweenLooks)
            let before = running
            while running > 0, work.ended.wait(timeout: lookAt) == .success { running -= 1 }
            guard running > 0 else { return }
            let isLate = deadline.withLock { $0! < .now() }
            let sum = helpers.reduce(0) { $0 + Self.nanosecondsUsed(by: $1) }
            // What a thread has used is not known any more once it has ended.
            let wanted = running * Self.millisecondsBetweenLooks * 1_000_000 / Self.givingWayShare
            let isSlow = running == before && used <= sum && sum - used < wanted
            guard !isSlow, !isLate else {
                deadline.withLock { $0 = nil }
                return
            }
            used = sum
        }
    }

    /// Has the system make the pages of new memory, if the load gives way: a little at a time, with pauses where that
    /// takes long.
    ///
    /// What a hypervisor has taken back it gives again while the processor waits, 5 ms for 2 MiB at worst, whatever
    /// else that processor has to do.
    func touch(_ memory: UnsafeMutableRawBufferPointer) {
        var offset = 0
        while offset < memory.count, deadline.withLock({ $0.map { $0 > .now() } ?? false }) {
            let before = Self.nanosecondsUsed(by: pthread_self())
            let end = min(offset + Self.touchedByteCount, memory.count)
            for page in stride(from: offset, to: end, by: Int(getpagesize())) { memory[page] = 0 }
            offset = end
            let used = Self.nanosecondsUsed(by: pthread_self()) - before
            guard used > Self.touchNanosecondsMax else { continue }
            usleep(UInt32(min(Self.touchPauseFactor * used / 1_000, 100_000)))
        }
    }

    /// Time that a thread has spent on a processor; 0 where it has ended.
    private static func nanosecondsUsed(by thread: pthread_t) -> Int {
        var clock = clockid_t()
        var time = timespec()
        guard pthread_getcpuclockid(thread, &clock) == 0, clock_gettime(clock, &time) == 0 else { return 0 }
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// A thread that does something; nil where the system has none to give, and the others do its part.
    private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Body(body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            return nil
        }
        return thread
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

private final class SharedWork: Sendable {
    private let count: Int
    private let partSize: Int
    private let cancellation: Cancellation
    private let part: @Sendable (Range<Int>) throws(FileFailure) -> Void
    private let next = Atomic<Int>(0)
    private let failed = Mutex<(start: Int, failure: FileFailure)?>(nil)
    /// Signalled by each thread that gives way, at its end.
    let ended = DispatchSemaphore(value: 0)

    init(
        count: Int, partSize: Int, cancellation: Cancellation,
        _ part: @escaping @Sendable (Range<Int>) throws(FileFailure) -> Void
    ) {
        self.count = count
        self.partSize = partSize
        self.cancellation = cancellation
        self.part = part
    }

    var failure: FileFailure? { failed.withLock { $0?.failure } }
    /// Whether nobody has to begin another part.
    var isDealt: Bool { next.load(ordering: .relaxed) >= count || failure != nil }

    func runGivingWay() {
        // Where the system refuses, the thread runs like the one that asked.
        _ = kindred_give_way()
        run()
        ended.signal()
    }

    func run() {
        while !cancellation.isCancelled {
            let start = next.wrappingAdd(partSize, ordering: .relaxed).oldValue
            // Parts are dealt in ascending order: what comes after one that failed is of no use.
            guard start < count, failed.withLock({ start < $0?.start ?? .max }) else { return }
            do throws(FileFailure) {
                try part(start..<min(start + partSize, count))
            } catch {
                failed.withLock { failed in
                    if start < failed?.start ?? .max { failed = (start, error) }
                }
                return
            }
        }
    }
}

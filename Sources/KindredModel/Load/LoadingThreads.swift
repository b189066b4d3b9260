import CKindredSystem
import Dispatch
import Glibc
import KindredDomain
import KindredSystem
import Synchronization

/// Threads that share the work of one load. They exist for one call of `run`, so a server that loads nothing has none.
///
/// A load is eager or gives way. An eager load uses all processors at the niceness of the calling thread. A load that
/// gives way runs on threads of the lowest priority, so that requests beside it are served first. If those threads get
/// too little time, or after one second, the rest of the load is eager.
package final class LoadingThreads: Sendable {
    /// An eager load that cannot be cancelled, for the start of a server and for commands.
    package static let eager = LoadingThreads(givesWay: false, cancellation: Cancellation())

    /// An eager load that may be cancelled.
    package static func eager(_ cancellation: Cancellation) -> LoadingThreads {
        LoadingThreads(givesWay: false, cancellation: cancellation)
    }

    /// An eager load on so many threads, if there are parts for all of them; for tests.
    package static func eager(_ cancellation: Cancellation = Cancellation(), threadCount: Int)
        -> LoadingThreads
    {
        LoadingThreads(givesWay: false, cancellation: cancellation, threadCount: threadCount)
    }

    /// A load that gives way to requests, for one load. Parts that the low-priority threads have begun are finished by
    /// them, even after the load has become eager.
    package static func givingWay(_ cancellation: Cancellation = Cancellation()) -> LoadingThreads {
        LoadingThreads(givesWay: true, cancellation: cancellation)
    }

    /// The greatest number of threads. Memory bandwidth, not processors, limits more of them.
    private static let countMax = 4
    /// The time after which a load stops giving way.
    private static let givingWayMilliseconds = 1_000
    /// A thread that gives way makes progress if it runs for at least this fraction (1/20) of the time between two
    /// checks.
    private static let givingWayShare = 20
    private static let millisecondsBetweenChecks = 100
    /// Parts of a load that gives way are smaller than those of an eager load by this factor.
    private static let givingWayPartShare = 8
    /// Bytes of new memory that are touched at a time.
    private static let touchedByteCount = 2 << 20
    /// The time for touching them if the system has free pages: a few times the time of clearing them.
    private static let touchNanosecondsMax = 1_000_000
    /// The pause after a slower touch, as a multiple of its time.
    private static let touchPauseFactor = 3

    /// The time at which the load stops giving way; nil if it is eager.
    private let deadline: Mutex<DispatchTime?>
    /// Cancels the load: it begins no other part and throws.
    package let cancellation: Cancellation
    private let threadCount: Int

    private init(
        givesWay: Bool, cancellation: Cancellation,
        threadCount: Int = min(LoadingThreads.countMax, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    ) {
        deadline = Mutex(givesWay ? .now() + .milliseconds(Self.givingWayMilliseconds) : nil)
        self.cancellation = cancellation
        self.threadCount = threadCount
    }

    /// Throws if the load was cancelled. The failure says nothing about the version.
    package func checkCancellation() throws(FileFailure) {
        guard cancellation.isCancelled else { return }
        throw FileFailure(file: "the load", field: "state", found: "cancelled", wanted: "going on")
    }

    /// Calls `part` for all parts of `0 ..< count`, of at most `partSize` each, once each, in any order, on several
    /// threads.
    ///
    /// If parts throw, the failure of the lowest part is thrown, so that it does not depend on timing; parts above a
    /// failed one may be left out. A cancelled load begins no other part and throws.
    package func run(
        _ count: Int, inPartsOf partSize: Int, _ part: @Sendable (Range<Int>) throws(FileFailure) -> Void
    ) throws(FileFailure) {
        let givesWay = deadline.withLock { $0 != nil }
        let partSize = givesWay ? max(1, partSize / Self.givingWayPartShare) : partSize
        let partCount = (count + partSize - 1) / partSize
        let threadCount = min(partCount, threadCount)
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
            // No thread calls `part` after this.
            for helper in helpers { pthread_join(helper, nil) }
            return work.failure
        }
        try checkCancellation()
        if let failure { throw failure }
    }

    /// Waits until the threads that give way have done the work, or make too little progress, or the time is over. In
    /// the last two cases the load becomes eager.
    private func giveWay(to helpers: [pthread_t], _ work: SharedWork) {
        var running = helpers.count
        var used = 0
        while running > 0 {
            let check = DispatchTime.now() + .milliseconds(Self.millisecondsBetweenChecks)
            let before = running
            while running > 0, work.ended.wait(timeout: check) == .success { running -= 1 }
            guard running > 0 else { return }
            let isLate = deadline.withLock { $0! < .now() }
            let sum = helpers.reduce(0) { $0 + Self.nanosecondsUsed(by: $1) }
            // The time of a thread that has ended is unknown, so an interval in which one ends is not judged.
            let wanted = running * Self.millisecondsBetweenChecks * 1_000_000 / Self.givingWayShare
            let isSlow = running == before && used <= sum && sum - used < wanted
            guard !isSlow, !isLate else {
                deadline.withLock { $0 = nil }
                return
            }
            used = sum
        }
    }

    /// Touches new memory so that the system provides its pages, if the load gives way: a little at a time, with
    /// pauses if it takes long.
    ///
    /// A hypervisor that has taken free memory back provides it again while the processor waits, and no other thread
    /// can run on that processor meanwhile. Pauses let requests through.
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

    /// The processor time of a thread in nanoseconds; 0 if it has ended.
    private static func nanosecondsUsed(by thread: pthread_t) -> Int {
        var clock = clockid_t()
        var time = timespec()
        guard pthread_getcpuclockid(thread, &clock) == 0, clock_gettime(clock, &time) == 0 else { return 0 }
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Starts a thread; nil if the system refuses, so that the other threads do its share.
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

/// The parts of one call of `run`, which threads take one after another.
private final class SharedWork: Sendable {
    private let count: Int
    private let partSize: Int
    private let cancellation: Cancellation
    private let part: @Sendable (Range<Int>) throws(FileFailure) -> Void
    private let next = Atomic<Int>(0)
    private let failed = Mutex<(start: Int, failure: FileFailure)?>(nil)
    /// Each thread that gives way signals it at its end.
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
    /// Whether no part is left to begin.
    var isDealt: Bool { next.load(ordering: .relaxed) >= count || failure != nil }

    func runGivingWay() {
        // If the system refuses, the thread runs at the niceness of its creator.
        _ = kindred_give_way()
        run()
        ended.signal()
    }

    func run() {
        while !cancellation.isCancelled {
            let start = next.wrappingAdd(partSize, ordering: .relaxed).oldValue
            // Parts are taken in ascending order, and the failure of the lowest part wins, so later parts are useless.
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

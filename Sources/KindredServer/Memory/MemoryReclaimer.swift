import CKindredSystem
import Glibc
import KindredSystem
import NIOCore
import Synchronization

/// Gives memory back to the system on a thread of its own: returning the pages of a model takes too long for an event
/// loop.
final class MemoryReclaimer: Sendable {
    private let queue = BackgroundQueue(label: "kindred.memory", qos: .utility)
    private let watch = Mutex(HeapWatch())
    private let probe = MemoryProbe()
    /// A look was asked for and has not begun.
    private let isAsked = Atomic<Bool>(false)

    init() {
        let queue = queue
        MemoryRegion.unmapLargeRegions { unmap in queue.async(unmap) }
        lookLater()
    }

    /// Looks at the heap a second later and gives back memory where much is unused. To be called after large pieces
    /// were freed. Any thread may call; calls within that second share one look.
    func lookSoon() {
        guard !isAsked.exchange(true, ordering: .relaxed) else { return }
        queue.async(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            isAsked.store(false, ordering: .relaxed)
            releaseIfTooMuch()
        }
    }

    /// Looks at the heap once an interval, as long as the server exists.
    private func lookLater() {
        queue.async(after: .nanoseconds(Int(HeapWatch.interval.nanoseconds))) { [weak self] in
            guard let self else { return }
            let isTime = watch.withLock {
                $0.isTime(now: .now(), processorNanoseconds: Self.processorNanoseconds)
            }
            if isTime { releaseIfTooMuch() }
            lookLater()
        }
    }

    private func releaseIfTooMuch() {
        let own = probe.ownByteCount ?? 0
        let unused = kindred_unused_heap_bytes()
        guard watch.withLock({ $0.isTooMuch(unusedByteCount: unused, ownByteCount: own) }) else { return }
        release()
    }

    private func release() {
        kindred_release_unused_heap()
        let own = probe.ownByteCount ?? 0
        let unused = kindred_unused_heap_bytes()
        watch.withLock { $0.released(unusedByteCount: unused, ownByteCount: own) }
    }

    /// Processor time of all threads of the process.
    private static var processorNanoseconds: UInt64 {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return UInt64(clamping: time.tv_sec) * 1_000_000_000 + UInt64(clamping: time.tv_nsec)
    }

    /// Frees the objects of a model that their owner is about to release, then gives back unused heap: a model leaves
    /// many small pieces behind.
    func giveBackModel(_ objects: [any AnyObject & Sendable]) {
        let boxes = objects.map { Box(Unmanaged<AnyObject>.passRetained($0)) }
        // Later, so that the owner has released them and the last references are dropped here.
        queue.async(after: .milliseconds(100)) { [self] in
            for box in boxes { box.object.release() }
            release()
        }
    }

    /// Frees an object that its owner is about to release, on the thread of this queue.
    func letGo(of object: some AnyObject & Sendable) {
        let box = Box(Unmanaged<AnyObject>.passRetained(object))
        queue.async(after: .milliseconds(1)) { box.object.release() }
    }

    /// Carries an object to the queue without a reference of the calling thread, so that the object is never freed
    /// there.
    private struct Box: @unchecked Sendable {
        let object: Unmanaged<AnyObject>

        init(_ object: Unmanaged<AnyObject>) { self.object = object }
    }
}

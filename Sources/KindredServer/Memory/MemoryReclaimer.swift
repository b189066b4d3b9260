import CKindredSystem
import Glibc
import KindredSystem
import NIOCore
import Synchronization

/// Gives memory back to the system on a thread of its own: returning a model's pages takes milliseconds that no event
/// loop has.
final class MemoryReclaimer: Sendable {
    private let queue = BackgroundQueue(label: "kindred.memory", qos: .utility)
    private let watch = Mutex(HeapWatch())
    private let probe = MemoryProbe()
    /// Whether a look that was asked for has not begun.
    private let isAsked = Atomic<Bool>(false)

    init() {
        let queue = queue
        MemoryRegion.giveBack { unmap in queue.async(unmap) }
        lookLater()
    }

    /// Looks a second later whether much of the heap is unused, and gives it back: for whoever let go of large pieces.
    /// Any thread may call; what is asked for in the meantime is one look.
    func lookSoon() {
        guard !isAsked.exchange(true, ordering: .relaxed) else { return }
        queue.async(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            isAsked.store(false, ordering: .relaxed)
            releaseIfTooMuch()
        }
    }

    /// Looks from time to time for as long as the server is there.
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

    /// Time that all threads of the process have spent on processors.
    private static var processorNanoseconds: UInt64 {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return UInt64(clamping: time.tv_sec) * 1_000_000_000 + UInt64(clamping: time.tv_nsec)
    }

    /// Takes over what its owner is about to let go of, and gives back the allocator's unused pages once it has
    /// gone: after a model, its small pieces are worth it.
    func giveBackModel(_ objects: [any AnyObject & Sendable]) {
        let boxes = objects.map { Box(Unmanaged<AnyObject>.passRetained($0)) }
        // Later, so that the owner's reference is surely not the last one.
        queue.async(after: .milliseconds(100)) { [self] in
            for box in boxes { box.object.release() }
            release()
        }
    }

    /// Frees an object that its owner is about to let go of, on a thread of its own.
    func letGo(of object: some AnyObject & Sendable) {
        let box = Box(Unmanaged<AnyObject>.passRetained(object))
        queue.async(after: .milliseconds(1)) { box.object.release() }
    }

    /// Carries a reference to the queue, so that this thread does not hold one that it would have to drop.
    private struct Box: @unchecked Sendable {
        let object: Unmanaged<AnyObject>

        init(_ object: Unmanaged<AnyObject>) { self.object = object }
    }
}

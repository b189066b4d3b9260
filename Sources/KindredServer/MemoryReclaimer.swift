import CKindredSystem
import Dispatch
import KindredKernels

/// Gives memory back on a thread of its own: returning a model's pages takes milliseconds that no event loop has.
final class MemoryReclaimer: Sendable {
    private let queue = DispatchQueue(label: "kindred.memory", qos: .utility)

    init() {
        let queue = queue
        MemoryRegion.giveBack { unmap in queue.async(execute: unmap) }
    }

    /// Takes over what may be the last reference to something large.
    private func giveBack(_ object: some AnyObject & Sendable) {
        let last = Unmanaged.passRetained(object)
        let box = Box(last)
        queue.async { box.object.release() }
    }

    /// The same, and then the allocator's unused pages: after a model has gone, its small pieces are worth it.
    func giveBackModel(_ objects: [any AnyObject & Sendable]) {
        for object in objects { giveBack(object) }
        queue.async { kindred_release_unused_heap() }
    }

    /// Carries the reference to the queue, so that this thread does not hold one that it would have to drop.
    private struct Box: @unchecked Sendable {
        let object: Unmanaged<AnyObject>

        init(_ object: Unmanaged<some AnyObject>) {
            self.object = Unmanaged<AnyObject>.fromOpaque(object.toOpaque())
        }
    }
}

import CKindredSystem
import KindredKernels

/// Gives memory back on a thread of its own: returning a model's pages takes milliseconds that no event loop has.
final class MemoryReclaimer: Sendable {
    private let queue = BackgroundQueue(label: "kindred.memory", qos: .utility)

    init() {
        let queue = queue
        MemoryRegion.giveBack { unmap in queue.async(unmap) }
    }

    /// Takes over what its owner is about to let go of, and gives back the allocator's unused pages once it has
    /// gone: after a model, its small pieces are worth it.
    func giveBackModel(_ objects: [any AnyObject & Sendable]) {
        let boxes = objects.map { Box(Unmanaged<AnyObject>.passRetained($0)) }
        // Later, so that the owner's reference is surely not the last one.
        queue.async(after: .milliseconds(100)) {
            for box in boxes { box.object.release() }
            kindred_release_unused_heap()
        }
    }

    /// Carries a reference to the queue, so that this thread does not hold one that it would have to drop.
    private struct Box: @unchecked Sendable {
        let object: Unmanaged<AnyObject>

        init(_ object: Unmanaged<AnyObject>) { self.object = object }
    }
}

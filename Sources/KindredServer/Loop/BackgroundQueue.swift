import CKindredSystem
import Dispatch

/// A serial queue for what no event loop has time for, on whichever processor is free.
///
/// Its threads are made by whoever finds none that is idle. One that an event loop made would keep to that loop's
/// processor, and take its time.
struct BackgroundQueue: Sendable {
    private let queue: DispatchQueue

    init(label: String, qos: DispatchQoS = .unspecified) { queue = DispatchQueue(label: label, qos: qos) }

    func async(_ work: @escaping @Sendable () -> Void) { queue.async(execute: Self.anywhere(work)) }

    func async(after delay: DispatchTimeInterval, _ work: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + delay, execute: Self.anywhere(work))
    }

    /// Work that first leaves the processor of whoever made its thread. Where the system does not let it, it is done
    /// there.
    private static func anywhere(_ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        {
            _ = kindred_keep_to_no_processor()
            work()
        }
    }
}

import CKindredSystem
import Dispatch

/// A serial queue for work that is too long for an event loop, on any processor.
///
/// A thread inherits the processors of the thread that makes it. A thread that is made by an event loop would stay on
/// that loop's processor, and take its time.
struct BackgroundQueue: Sendable {
    private let queue: DispatchQueue

    init(label: String, qos: DispatchQoS = .unspecified) { queue = DispatchQueue(label: label, qos: qos) }

    func async(_ work: @escaping @Sendable () -> Void) { queue.async(execute: Self.anywhere(work)) }

    func async(after delay: DispatchTimeInterval, _ work: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + delay, execute: Self.anywhere(work))
    }

    /// Work that first lets its thread run on every processor. Where the system refuses, the work is done all the same.
    private static func anywhere(_ work: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        {
            _ = kindred_keep_to_no_processor()
            work()
        }
    }
}

import CKindredSystem
import NIOCore

/// Whether each event loop keeps to a processor of its own.
///
/// A client on the same machine is one busy thread more than there are processors. Then the system often leaves two
/// loops on one processor for a long time.
package enum LoopPlacement: String, Sendable, CaseIterable {
    /// On, where there is one loop for every processor that the process may use.
    case auto
    case on
    case off

    /// More loops are to have processors of their own than there are processors.
    package struct Failure: Error, Equatable {
        package let threadCount: Int
        package let processorCount: Int

        package init(threadCount: Int, processorCount: Int) {
            self.threadCount = threadCount
            self.processorCount = processorCount
        }
    }

    /// Processors with higher numbers are not looked at: there are no more event loops than this.
    private static let processorsMax = 1_024

    /// The numbers of the processors that this process may use, ascending; empty where the system does not say.
    package static var allowedProcessors: [Int] {
        [CInt](unsafeUninitializedCapacity: processorsMax) { numbers, count in
            count = max(0, Int(kindred_allowed_processors(numbers.baseAddress, CInt(processorsMax))))
        }.map(Int.init)
    }

    /// The default number of event loops: one per processor that the process may use, or fewer where it has less time
    /// (the quota of a container).
    package static var defaultThreadCount: Int {
        let allowed = allowedProcessors.count
        return max(1, allowed > 0 ? min(allowed, System.coreCount) : System.coreCount)
    }

    /// The processor of each of `threadCount` loops, out of `allowed`; nil where the system places them.
    package func processors(threadCount: Int, allowed: [Int]) throws(Failure) -> [Int]? {
        switch self {
        case .off: return nil
        case .auto: return threadCount == allowed.count ? allowed : nil
        case .on:
            guard threadCount <= allowed.count else {
                throw Failure(threadCount: threadCount, processorCount: allowed.count)
            }
            return Array(allowed.prefix(threadCount))
        }
    }
}

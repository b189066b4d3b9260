import CKindredSystem
import NIOCore

/// Whether each event loop keeps to a processor of its own.
///
/// The system spreads threads evenly only while there are no more than processors. With one more that works all the
/// time beside two loops on two processors (a client on the same machine, say), it often puts both loops on one
/// processor and the other thread on the other, and leaves it so for a quarter of a second.
package enum LoopPlacement: String, Sendable, CaseIterable {
    /// On, where there is one loop for every processor that the process may use.
    case auto
    case on
    case off

    /// Loops asked to keep to more processors than there are.
    package struct Failure: Error, Equatable {
        package let threadCount: Int
        package let processorCount: Int

        package init(threadCount: Int, processorCount: Int) {
            self.threadCount = threadCount
            self.processorCount = processorCount
        }
    }

    /// Processors that are told apart, at most: more event loops than that there are not.
    private static let processorsMax = 1_024

    /// The numbers of the processors that this process may run on, ascending; empty where the system does not say.
    package static var allowedProcessors: [Int] {
        [CInt](unsafeUninitializedCapacity: processorsMax) { numbers, count in
            count = max(0, Int(kindred_allowed_processors(numbers.baseAddress, CInt(processorsMax))))
        }.map(Int.init)
    }

    /// How many event loops a server has that is not told: one per processor that it may use, or per processor's worth
    /// of time where it is given less (the quota of a container).
    package static var defaultThreadCount: Int {
        let allowed = allowedProcessors.count
        return max(1, allowed > 0 ? min(allowed, System.coreCount) : System.coreCount)
    }

    /// The processor of each of `threadCount` loops, of those that are allowed; nil where the system places them.
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

import Dispatch
import Foundation
import Glibc
import KindredDomain
import KindredModel
import KindredQuery
import NIOCore

/// One load of a version, on a thread of its own: the version is read, checked and warmed.
final class VersionLoad: Sendable {
    /// How a load ended.
    struct Report: Sendable {
        enum Outcome: Sendable {
            case loaded(Generation)
            /// With the reason. `isPassing`: for lack of memory, so that it may fit later.
            case refused(String, isPassing: Bool)
            /// Nothing is known of the version.
            case cancelled
        }

        let load: VersionLoad
        let outcome: Outcome
        let nanoseconds: Int64

        /// Whether the version was refused for a reason that may pass while its files stay the same.
        var isPassing: Bool {
            if case .refused(_, true) = outcome { return true }
            return false
        }
    }

    /// The niceness of a load beside requests; that of the control thread is the same.
    private static let niceness: Int32 = 5

    let name: ModelName
    let version: UInt64
    /// The stamp of its files before they were read.
    let stamp: Repository.ChangeStamp
    let cancellation = Cancellation()
    private let ended = DispatchSemaphore(value: 0)

    init(name: ModelName, version: UInt64, stamp: Repository.ChangeStamp) {
        self.name = name
        self.version = version
        self.stamp = stamp
    }

    /// Starts the thread. `givesWay`: requests are answered beside the load. `report` is called on the load's thread.
    func start(
        givesWay: Bool, work: @escaping @Sendable (VersionLoad) throws -> Generation,
        report: @escaping @Sendable (Report) -> Void
    ) {
        let thread = Thread { [self] in
            if givesWay { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness) }
            let startedAt = NIODeadline.now()
            let outcome: Report.Outcome
            do {
                outcome = .loaded(try work(self))
            } catch {
                outcome =
                    cancellation.isCancelled
                    ? .cancelled : .refused("\(error)", isPassing: MemoryCheck.isPassing(error))
            }
            report(
                Report(
                    load: self, outcome: outcome, nanoseconds: (NIODeadline.now() - startedAt).nanoseconds))
            ended.signal()
        }
        thread.name = "kindred-load"
        thread.start()
    }

    /// Waits until its thread has done its work. False where that takes longer.
    func wait(seconds: Int) -> Bool { ended.wait(timeout: .now() + .seconds(seconds)) == .success }
}

import Dispatch
import Foundation
import Glibc
import KindredDomain
import KindredModel
import KindredQuery
import NIOCore

/// A version that is being read, checked and warmed, on a thread that lives for it.
final class VersionLoad: Sendable {
    /// How it ended.
    struct Report: Sendable {
        enum Outcome: Sendable {
            case loaded(Generation)
            /// With the reason. `isPassing`: there was no memory for it, and there may be.
            case refused(String, isPassing: Bool)
            /// Nothing is known of the version.
            case cancelled
        }

        let load: VersionLoad
        let outcome: Outcome
        let nanoseconds: Int64

        /// Whether it was refused for a reason that may pass though its files stay as they are.
        var isPassing: Bool {
            if case .refused(_, true) = outcome { return true }
            return false
        }
    }

    /// Of a load beside requests, as of the control thread.
    private static let niceness: Int32 = 5

    let name: ModelName
    let version: UInt64
    /// What its files looked like before they were read.
    let stamp: Repository.ChangeStamp
    let cancellation = Cancellation()
    private let ended = DispatchSemaphore(value: 0)

    init(name: ModelName, version: UInt64, stamp: Repository.ChangeStamp) {
        self.name = name
        self.version = version
        self.stamp = stamp
    }

    /// Begins. `givesWay`: requests are answered beside it. `report` is called on the load's thread.
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
                    ? .cancelled : .refused("\(error)", isPassing: MemoryAdmission.isPassing(error))
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

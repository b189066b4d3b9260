/// Decides which work a loop does next within a slice. A value: the time and the waiting work are parameters.
///
/// Jobs have a quarter of the slice first, since under load there always is something to scan. Then bulk work has one
/// step. The rest is for scans, then jobs, then bulk work.
package struct Slice {
    package enum Work: Equatable {
        /// A unit of a long scan.
        case scan
        /// A step of a job that a client waits for.
        case job
        /// A step of bulk work.
        case bulk
    }

    private enum Stage {
        /// Jobs come first; at least one step.
        case jobs(hasBegun: Bool)
        /// Bulk work has a step.
        case bulk
        /// Whatever is most urgent; at least one step.
        case rest(hasBegun: Bool)
    }

    private let deadline: UInt64
    private let jobDeadline: UInt64
    private var stage = Stage.jobs(hasBegun: false)
    private var bulkHasWork = true

    /// A slice that begins at `now` nanoseconds. It is shorter where no client waits for its work.
    package init(isAwaited: Bool, now: UInt64) {
        let nanoseconds =
            isAwaited ? ServerConfiguration.sliceNanoseconds : ServerConfiguration.bulkSliceNanoseconds
        deadline = now + nanoseconds
        jobDeadline = now + ServerConfiguration.sliceNanoseconds / 4
    }

    /// The next piece of work, or nil at the end of the slice.
    package mutating func next(hasScan: Bool, hasJob: Bool, hasBulk: Bool, now: UInt64) -> Work? {
        if case .jobs(let hasBegun) = stage {
            stage = .jobs(hasBegun: true)
            if hasJob, !hasBegun || now < jobDeadline { return .job }
            stage = .bulk
        }
        if case .bulk = stage {
            stage = .rest(hasBegun: false)
            if hasBulk { return .bulk }
        }
        if case .rest(true) = stage, now >= deadline { return nil }
        stage = .rest(hasBegun: true)
        if hasScan { return .scan }
        if hasJob { return .job }
        return hasBulk && bulkHasWork ? .bulk : nil
    }

    /// All bulk work waits for other threads: it has no further step in this slice.
    package mutating func bulkIsWaiting() { bulkHasWork = false }
}

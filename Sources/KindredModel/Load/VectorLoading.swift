/// Where a version's vectors live while they serve.
package enum VectorLoading: Sendable {
    /// Read into memory: nothing on disk can change or kill what serves.
    case memory
    /// Mapped from their file, for populations larger than memory. Ids are read into memory all the same.
    ///
    /// A file that is cut while it is mapped kills the process that reads it (SIGBUS), and one that is overwritten
    /// changes its answers; published versions are read-only so that neither happens by accident.
    case map
}

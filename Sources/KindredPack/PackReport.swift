import KindredDomain
import KindredModel

/// The result of a pack.
package struct PackReport: Sendable {
    /// The published version's folder.
    package let directory: String
    package let manifest: Manifest
    /// Nil where no seen pairs were given.
    package let seen: SeenReport?
    package let warnings: [PackWarning]
}

/// Missing information that the user of the packer should add.
package enum PackWarning: Sendable, Equatable, CustomStringConvertible {
    /// No source names the training of these sides' vectors.
    case trainingUnknown([Side])
    /// The first line of a file of ids looks like a heading.
    case heading(IDHeading.Reading)
    /// The version before has what this one has not.
    case lacking([String], since: UInt64)

    package var description: String {
        switch self {
        case .trainingUnknown(let sides):
            "no training id for \(sides.map(\.description).joined(separator: " and ")): nothing shows that all "
                + "vectors come from the same training (--training-id says it)"
        case .heading(let reading): "\(reading)"
        case .lacking(let parts, let version):
            "version \(version) has \(parts.joined(separator: ", ")); this one has not, so requests that need "
                + "\(parts.count == 1 ? "it" : "them") are refused"
        }
    }
}

/// The current step of a pack or of a reindexing.
package enum PackProgress: Sendable, Equatable {
    case reading(Side, rows: Int)
    case sorting(Side, rows: Int)
    case writing(Side, rowsDone: Int, rows: Int)
    /// The int8 codes are made.
    case coding(Side, rowsDone: Int, rows: Int)
    /// The statistics are made.
    case summarising(Side, rows: Int)
    /// Seen pairs: a share of the bytes or rows of their file.
    case readingPairs(done: Int, of: Int)
    /// Seen pairs: bytes of their file.
    case writingPairs(done: Int, of: Int)
    case copyingCatalog
    case checking
    case publishing
}

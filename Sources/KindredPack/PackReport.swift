import KindredDomain
import KindredModel

/// What a pack made.
package struct PackReport: Sendable {
    /// The published version's folder.
    package let directory: String
    package let manifest: Manifest
    package let warnings: [PackWarning]
}

/// Something that a pack could not know and its owner should.
package enum PackWarning: Sendable, Equatable, CustomStringConvertible {
    /// Nothing says which training these sides' vectors come from.
    case trainingUnknown([Side])
    /// The first line of a file of ids looks like a heading.
    case heading(IDHeading.Reading)

    package var description: String {
        switch self {
        case .trainingUnknown(let sides):
            "no training id for \(sides.map(\.description).joined(separator: " and ")): nothing shows that all "
                + "vectors come from the same training (--training-id says it)"
        case .heading(let reading): "\(reading)"
        }
    }
}

/// How far a pack is.
package enum PackProgress: Sendable, Equatable {
    case reading(Side, rows: Int)
    case sorting(Side, rows: Int)
    case writing(Side, rowsDone: Int, rows: Int)
    /// Making the int8 codes.
    case coding(Side, rowsDone: Int, rows: Int)
    case copyingCatalog
    case checking
    case publishing
}

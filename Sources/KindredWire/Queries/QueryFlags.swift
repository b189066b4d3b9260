/// What a reply says of one query, or of an audience.
package struct QueryFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The answer is the exact one.
    package static let exact = QueryFlags(rawValue: 1)
    /// The answer is that of a fallback for an unknown id.
    package static let fallback = QueryFlags(rawValue: 2)
    /// The answer covers a part of the rows.
    package static let partial = QueryFlags(rawValue: 4)
}

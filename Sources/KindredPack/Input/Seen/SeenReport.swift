import KindredDomain
import KindredModel

/// What a pack did with a file of seen pairs.
package struct SeenReport: Sendable, Equatable {
    /// Pairs that were left out because an id is not of this pack.
    package struct Unknown: Sendable, Equatable {
        package var pairs = 0
        /// Pairs with an unknown user, and the first of those ids.
        package var users = Side()
        /// Pairs with an unknown item, and the first of those ids.
        package var items = Side()

        /// The unknown ids of one side.
        package struct Side: Sendable, Equatable {
            package var count = 0
            /// Distinct ids, at most `Limits.unknownExamplesMax`, quoted.
            package var examples: [String] = []
        }

        mutating func add(_ id: ArraySlice<UInt8>, to side: WritableKeyPath<Unknown, Side>) {
            self[keyPath: side].count += 1
            guard self[keyPath: side].examples.count < Limits.unknownExamplesMax else { return }
            let shown = TextIDRule.shown(id)
            if !self[keyPath: side].examples.contains(shown) { self[keyPath: side].examples.append(shown) }
        }

        /// The examples in words.
        package var examples: String {
            [("users", users), ("items", items)].filter { $0.1.count > 0 }
                .map { "\($0.0) such as \($0.1.examples.joined(separator: ", "))" }.joined(separator: "; ")
        }
    }

    /// What was packed.
    package var packed = SeenPairs.Summary()
    package var unknown = Unknown()
    /// Pairs that stood there again.
    package var duplicates = 0
    /// Entries of a matrix with the value 0.
    package var zeros = 0
    /// The first line of a text, where it was taken for headings; quoted.
    package var heading: String?

    package init() {}
}

/// The known names, as a message about an unknown name lists them. Making it sorts, so it is made once for many
/// messages.
package struct NameList: Sendable, Equatable {
    /// Bytes of the names, so that a message with them and the longest name stays below `Limits.messageBytesMax`.
    static let bytesMax = 640

    /// `a, b, c` or `a, b and 1 more`, as many as fit; empty for no names.
    package let names: String

    /// ` (known: a, b, c)`; empty for no names.
    package var text: String { names.isEmpty ? "" : " (known: \(names))" }

    /// The names in ascending order.
    package init(_ names: some Collection<String>) { self.init(inOrder: names.sorted()) }

    /// The names in their order.
    package init(inOrder names: some Collection<String>) {
        var shown: [String] = []
        var bytes = 0
        for name in names {
            bytes += name.utf8.count + 2
            guard bytes <= Self.bytesMax else { break }
            shown.append(name)
        }
        let rest = names.count - shown.count
        self.names = shown.joined(separator: ", ") + (rest == 0 ? "" : " and \(rest) more")
    }

    package init(models: some Collection<ModelName>) { self.init(models.map(\.description)) }
}

extension NameList: ExpressibleByArrayLiteral {
    package init(arrayLiteral names: String...) { self.init(names) }
}

/// The known names, as a message about an unknown name lists them. Making it sorts, so it is made once for many
/// messages.
package struct NameList: Sendable, Equatable {
    /// Bytes of the names, so that a message with them and the longest name stays below `Limits.messageBytesMax`.
    static let bytesMax = 640

    /// ` (known: a, b, c)`, as many as fit, in ascending order; empty for no names.
    package let text: String

    package init(_ names: some Collection<String>) {
        var shown: [String] = []
        var bytes = 0
        for name in names.sorted() {
            bytes += name.utf8.count + 2
            guard bytes <= Self.bytesMax else { break }
            shown.append(name)
        }
        let rest = names.count - shown.count
        let list = shown.joined(separator: ", ")
        text =
            if names.isEmpty {
                ""
            } else if rest == 0 {
                " (known: \(list))"
            } else {
                " (known: \(list) and \(rest) more)"
            }
    }

    package init(models: some Collection<ModelName>) { self.init(models.map(\.description)) }
}

extension NameList: ExpressibleByArrayLiteral {
    package init(arrayLiteral names: String...) { self.init(names) }
}

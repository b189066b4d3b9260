/// The names that there are, behind a message about one that there is not.
enum NameList {
    /// Bytes of the names, so that a message with them and the longest name stays below `Limits.messageBytesMax`.
    static let bytesMax = 640

    /// ` (known: a, b, c)`, as many as fit, in ascending order; empty for no names.
    static func text(of names: [String]) -> String {
        guard !names.isEmpty else { return "" }
        var shown: [String] = []
        var bytes = 0
        for name in names.sorted() {
            bytes += name.utf8.count + 2
            guard bytes <= bytesMax else { break }
            shown.append(name)
        }
        let rest = names.count - shown.count
        let list = shown.joined(separator: ", ")
        return rest == 0 ? " (known: \(list))" : " (known: \(list) and \(rest) more)"
    }
}

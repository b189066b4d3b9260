/// Known names, by how near they are to a name that is not known.
package enum NearNames {
    /// Bytes of a name that are compared. A longer name differs by its further bytes.
    private static let bytesMax = 64

    /// The names by their distance, then in ascending order.
    package static func sorted(_ names: some Collection<String>, near wanted: String) -> [String] {
        names.map { (name: $0, distance: distance($0, wanted)) }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .map(\.name)
    }

    /// The name that is probably meant: the first of a sorted list, where at most a third of it differs.
    package static func guess(_ sorted: [String], for wanted: String) -> String? {
        sorted.first.flatMap { distance($0, wanted) * 3 <= max($0.utf8.count, wanted.utf8.count) ? $0 : nil }
    }

    /// The least number of bytes to insert, remove or replace, without regard to the case of ASCII letters
    /// (Levenshtein, 1965).
    package static func distance(_ one: String, _ other: String) -> Int {
        let one = lowercased(one)
        let other = lowercased(other)
        var row = Array(0...other.count)
        for (i, byte) in one.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, otherByte) in other.enumerated() {
                let replaced = diagonal + (byte == otherByte ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, min(row[j], diagonal) + 1)
            }
        }
        return row[other.count]
    }

    private static func lowercased(_ name: String) -> [UInt8] {
        name.utf8.prefix(bytesMax).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }
}

/// One file of Swift or C, as the rules read it.
struct SourceFile: Sendable {
    /// From the repository's root: `Sources/KindredWire/Framing/ByteWriter.swift`.
    let path: String
    let text: String

    /// `KindredWire` of a file in `Sources/KindredWire`, whatever folders lie between.
    let module: String
    /// The folder inside the module: `Framing`, `Models/State`, or empty.
    let folder: String

    /// A file whose module lies in `root`, such as `Sources`.
    init(path: String, root: String = "Sources", text: String) {
        self.path = path
        self.text = text
        let parts = path.dropFirst(root.count + 1).split(separator: "/")
        module = parts.first.map { String($0) } ?? ""
        folder = parts.dropFirst().dropLast().joined(separator: "/")
    }

    var name: Substring {
        path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The text without comments and without the text of string literals. Interpolated expressions stay.
    var code: String { CodeScanner.code(of: text) }

    /// The names of the modules that the file imports.
    var imports: [String] {
        lines.compactMap { line in
            let words = Self.withoutModifiers(line.split(separator: " "))
            return words.count == 2 && words[words.startIndex] == "import"
                ? words.last.map { String($0) } : nil
        }
    }

    /// The names of the types that the file declares for others: at the top level and not private.
    static func declaredTypes(in code: String) -> Set<String> {
        var names: Set<String> = []
        for line in code.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard line.first != " ", !words.contains("private"), !words.contains("fileprivate") else {
                continue
            }
            let declaration = withoutModifiers(words)
            guard let kind = declaration.first, kinds.contains(kind), declaration.count > 1 else { continue }
            names.insert(String(declaration[declaration.startIndex + 1].prefix(while: isOfName)))
        }
        return names
    }

    /// All names in a code: types, functions, variables, keywords.
    static func names(in code: String) -> Set<String> {
        Set(code.split { !isOfName($0) }.map { String($0) })
    }

    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "typealias",
    ]
    private static let modifiers: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private", "final", "indirect",
    ]

    private static func withoutModifiers(_ words: [Substring]) -> ArraySlice<Substring> {
        words.drop { $0.hasPrefix("@") || modifiers.contains($0) }
    }

    private static func isOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}

/// Separates code from comments and string literals. It knows as much of Swift as this project's sources need.
private enum CodeScanner {
    private enum Place {
        /// Code inside so many open parentheses of a string's interpolation.
        case code(depth: Int)
        case string(quotes: Int)
    }

    static func code(of text: String) -> String {
        let bytes = Array(text.utf8)
        var code: [UInt8] = []
        var places = [Place.code(depth: 0)]
        var index = 0
        func starts(_ word: StaticString) -> Bool {
            word.withUTF8Buffer { bytes[index...].starts(with: $0) }
        }
        while index < bytes.count {
            let byte = bytes[index]
            switch places[places.count - 1] {
            case .code(let depth):
                if starts("//") {
                    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
                    continue
                }
                if byte == UInt8(ascii: "\"") {
                    let quotes = starts("\"\"\"") ? 3 : 1
                    places.append(.string(quotes: quotes))
                    code.append(byte)
                    index += quotes
                    continue
                }
                if byte == UInt8(ascii: "(") { places[places.count - 1] = .code(depth: depth + 1) }
                if byte == UInt8(ascii: ")") {
                    places[places.count - 1] = .code(depth: depth - 1)
                    if depth == 1, places.count > 1 { places.removeLast() }
                }
                code.append(byte)
                index += 1
            case .string(let quotes):
                if starts("\\(") {
                    places.append(.code(depth: 1))
                    code += [UInt8(ascii: " "), UInt8(ascii: "(")]
                    index += 2
                } else if byte == UInt8(ascii: "\\") {
                    index += 2
                } else if quotes == 1 ? byte == UInt8(ascii: "\"") : starts("\"\"\"") {
                    places.removeLast()
                    code.append(byte)
                    index += quotes
                } else {
                    if byte == UInt8(ascii: "\n") { code.append(byte) }
                    index += 1
                }
            }
        }
        return String(decoding: code, as: UTF8.self)
    }
}

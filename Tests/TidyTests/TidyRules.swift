/// The rules that no compiler holds, as functions of texts. Each returns a sentence for every violation.
enum TidyRules {
    static let lineLengthMax = 120
    static let fileLinesMax = 350
    static let folderFilesMax = 20
    /// Begins a comment in the first lines of a file that is longer, and gives the reason.
    static let longFileReason = "// Longer than \(fileLinesMax) lines because"
    private static let reasonLines = 5

    // MARK: Lengths

    static func longLines(_ file: SourceFile) -> [String] {
        file.lines.enumerated().filter { $0.element.count > lineLengthMax }.map {
            "\(file.path):\($0.offset + 1) has \($0.element.count) characters, at most \(lineLengthMax)"
        }
    }

    static func longFile(_ file: SourceFile) -> [String] {
        let lines = file.lines
        let hasReason = lines.prefix(reasonLines).contains { $0.hasPrefix(longFileReason) }
        guard lines.count > fileLinesMax + 1, !hasReason else { return [] }
        return [
            "\(file.path) has \(lines.count) lines: split it, or say '\(longFileReason) …' in its first lines"
        ]
    }

    /// `paths` are files; those of one folder are counted, folders in it not.
    static func crowdedFolders(_ paths: [String]) -> [String] {
        var counts: [Substring: Int] = [:]
        for path in paths { counts[path[..<(path.lastIndex(of: "/") ?? path.startIndex)], default: 0] += 1 }
        return counts.filter { $0.value > folderFilesMax }.map {
            "\($0.key) has \($0.value) files, at most \(folderFilesMax): group them in folders"
        }
    }

    // MARK: Edges

    /// Imports that the table does not allow.
    static func forbiddenImports(_ file: SourceFile, allowed: [String: Set<String>]) -> [String] {
        let allowed = allowed[file.module] ?? []
        return file.imports.filter { !allowed.contains($0) }.map { "\(file.path) imports \($0)" }
    }

    /// Imports outside the only folders of a module that have them. A folder stands for those in it, "" for the
    /// module's own files.
    static func misplacedImports(_ file: SourceFile, places: [Edges.Place]) -> [String] {
        places.filter { $0.module == file.module && file.imports.contains($0.imported) }.compactMap { place in
            let isThere = place.folders.contains {
                file.folder == $0 || !$0.isEmpty && file.folder.hasPrefix($0 + "/")
            }
            return isThere
                ? nil
                : "\(file.path) imports \(place.imported), which only \(place.folders) of the module may"
        }
    }

    /// Types of one folder that files of another folder of the same module name, where the table does not allow it.
    /// Folders without an entry may name everything.
    static func forbiddenNames(_ files: [SourceFile], allowed: [String: Set<String>]) -> [String] {
        var declared: [String: Set<String>] = [:]
        let codes = files.map { $0.code }
        for (file, code) in zip(files, codes) {
            declared[file.folder, default: []].formUnion(SourceFile.declaredTypes(in: code))
        }
        var violations: [String] = []
        for (file, code) in zip(files, codes) {
            guard let allowed = allowed[file.folder] else { continue }
            let names = SourceFile.names(in: code)
            for (folder, types) in declared where folder != file.folder && !allowed.contains(folder) {
                for type in types.intersection(names).sorted() {
                    violations.append(
                        "\(file.path) names \(type) of \(folder.isEmpty ? "the module" : folder)")
                }
            }
        }
        return violations
    }

    // MARK: Code

    /// Conversions between integers that trap where a value does not fit: `Int(x)` without a label, `map(Int.init)`.
    static func trappingConversions(_ file: SourceFile) -> [String] {
        let labels = /\s*(?:widening|clamping|exactly|truncatingIfNeeded|bitPattern|littleEndian|ascii):/
        var violations: [String] = []
        for (index, line) in file.code.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            for match in line.matches(of: /\bU?Int(?:8|16|32|64)?(?:\(|\.init\b)/.wordBoundaryKind(.simple)) {
                let isLabelled =
                    match.output.hasSuffix("(")
                    && line[match.range.upperBound...].prefixMatch(of: labels) != nil
                if !isLabelled {
                    violations.append(
                        "\(file.path):\(index + 1) has \(match.output)…: say widening:, exactly: or clamping:"
                    )
                }
            }
            if line.contains("numericCast(") {
                violations.append("\(file.path):\(index + 1) has numericCast")
            }
        }
        return violations
    }

    /// Other expressions that trap.
    static func trappingExpressions(_ file: SourceFile) -> [String] {
        let code = file.code
        return ["as!", "try!", "fatalError("].filter { code.contains($0) }.map { "\(file.path) has \($0)" }
    }

    // MARK: Words

    static func drawers(_ file: SourceFile) -> [String] {
        let name = file.name.prefix { $0 != "." }
        let drawers = ["Utils", "Utilities", "Helpers", "Common", "Manager"]
        return drawers.contains { name.hasSuffix($0) } ? ["\(file.path) is a drawer"] : []
    }

    static func promises(_ file: SourceFile) -> [String] {
        let promises = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "for " + "now"]
        return promises.filter { file.text.contains($0) }.map { "\(file.path) says '\($0)'" }
    }

    static func extendedLifetimes(_ file: SourceFile) -> [String] {
        guard file.text.contains("withExtended" + "Lifetime") else { return [] }
        return ["\(file.path) extends a lifetime: hold a RegionColumn, or use withBytes { }"]
    }

    static func testableImports(_ file: SourceFile) -> [String] {
        guard file.text.contains("@" + "testable import") else { return [] }
        return ["\(file.path) imports with @" + "testable: give what it tests package access"]
    }
}

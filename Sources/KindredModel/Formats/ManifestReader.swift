import KindredDomain
import KindredSystem

/// Typed access to the members of a manifest's JSON document. Every failure names the member.
struct ManifestReader {
    /// The document, a JSON object.
    let value: JSONValue

    /// Parses the bytes. Throws unless they are a JSON object.
    init(bytes: [UInt8]) throws(FileFailure) {
        value = try bytes.withUnsafeBufferPointer { (bytes) throws(FileFailure) in
            try JSONParser.parse(UnsafeRawBufferPointer(bytes), file: ModelFiles.manifest)
        }
        guard case .object = value else {
            throw FileFailure(
                file: ModelFiles.manifest, field: "document", found: value.summary, wanted: "an object")
        }
    }

    /// The failure of a member: its name, the value found (nil if absent), the value wanted.
    func failure(_ field: String, _ found: JSONValue?, _ wanted: String) -> FileFailure {
        FileFailure(
            file: ModelFiles.manifest, field: field, found: found?.summary ?? "absent", wanted: wanted)
    }

    /// A string member of `object`, or of the document. `path` comes before the name in failures.
    func text(_ name: String, of object: JSONValue? = nil, path: String = "") throws(FileFailure)
        -> String
    {
        let member = (object ?? value).member(name)
        guard let text = member?.text else { throw failure(path + name, member, "a string") }
        return text
    }

    /// A whole number in a range. Parameters as of `text`.
    func unsigned(
        _ name: String, of object: JSONValue? = nil, path: String = "", in range: ClosedRange<UInt64>
    ) throws(FileFailure) -> UInt64 {
        let member = (object ?? value).member(name)
        guard let number = member?.unsigned, range.contains(number) else {
            let upper = range.upperBound == .max ? " or more" : "...\(range.upperBound)"
            throw failure(path + name, member, "a whole number, \(range.lowerBound)\(upper)")
        }
        return number
    }

    /// The object that describes a side; nil if the document has none.
    func rows(_ side: Side) throws(FileFailure) -> Manifest.Rows? {
        guard let object = value.member(side.description) else { return nil }
        guard case .object = object else { throw failure(side.description, object, "an object") }
        let path = "\(side)."
        let kindText = try text("id_kind", of: object, path: path)
        guard let kind = [IDKind.number, .text].first(where: { $0.name == kindText }) else {
            throw failure(path + "id_kind", .string(kindText), "\"number\" or \"text\"")
        }
        guard case .array(let elements)? = object.member("columns"),
            elements.count <= Limits.catalogColumnsMax
        else {
            throw failure(
                path + "columns", object.member("columns"),
                "an array of at most \(Limits.catalogColumnsMax) strings")
        }
        var columns: [String] = []
        for element in elements {
            guard let name = element.text, (1...Limits.columnNameBytesMax).contains(name.utf8.count) else {
                throw failure(
                    path + "columns[\(columns.count)]", element,
                    "a string of 1 to \(Limits.columnNameBytesMax) bytes")
            }
            columns.append(name)
        }
        return Manifest.Rows(
            count: try unsigned("rows", of: object, path: path, in: 1...Limits.rowsMax), idKind: kind,
            columns: columns)
    }

    /// The name of the popularity column; nil if the document has none. Whether the catalog has it is found when the
    /// catalog is read.
    func popularityColumn() throws(FileFailure) -> String? {
        let member = "popularity_column"
        guard value.member(member) != nil else { return nil }
        let name = try text(member)
        guard (1...Limits.columnNameBytesMax).contains(name.utf8.count) else {
            throw failure(member, .string(name), "a string of 1 to \(Limits.columnNameBytesMax) bytes")
        }
        return name
    }

    /// The settings for folding in; nil if the document has none.
    func foldIn() throws(FileFailure) -> FoldInParameters? {
        let member = "fold_in"
        guard let object = value.member(member) else { return nil }
        guard case .object = object else { throw failure(member, object, "an object") }
        func number(_ name: String) throws(FileFailure) -> Double {
            let found = object.member(name)
            guard case .number(let digits)? = found, let number = Double(digits) else {
                throw failure("\(member).\(name)", found, "a number")
            }
            return number
        }
        let (alpha, lambda) = (try number("alpha"), try number("lambda"))
        do throws(FoldInParameterFailure) {
            return try FoldInParameters(alpha: alpha, lambda: lambda)
        } catch {
            switch error {
            case .alpha: throw failure("\(member).alpha", object.member("alpha"), "above 0, at most 2^60")
            case .lambda: throw failure("\(member).lambda", object.member("lambda"), "0 to 2^60")
            }
        }
    }

    /// The entries of all files of the version.
    func files() throws(FileFailure) -> [Manifest.File] {
        guard case .object(let members)? = value.member("files") else {
            throw failure("files", value.member("files"), "an object")
        }
        var files: [Manifest.File] = []
        for member in members {
            let path = "files.\(member.name)."
            let crcText = try text("crc32c", of: member.value, path: path)
            guard let crc = HexText.decode(crcText, byteCount: 4) else {
                throw failure(path + "crc32c", .string(crcText), "8 hexadecimal digits")
            }
            files.append(
                Manifest.File(
                    name: member.name,
                    byteCount: try unsigned(
                        "bytes", of: member.value, path: path, in: 0...UInt64(Int64.max)),
                    crc32c: crc.reduce(0) { $0 << 8 | UInt32($1) }))
        }
        return files
    }
}

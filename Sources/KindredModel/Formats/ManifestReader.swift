import KindredDomain
import KindredSystem

/// Typed access to the members of a manifest's document; every failure names the member.
struct ManifestReader {
    let value: JSONValue

    init(bytes: [UInt8]) throws(FileFailure) {
        var result: Result<JSONValue, FileFailure>?
        bytes.withUnsafeBytes { bytes in
            do throws(FileFailure) {
                result = .success(try JSONParser.parse(bytes, file: ModelFiles.manifest))
            } catch {
                result = .failure(error)
            }
        }
        value = try result!.get()
        guard case .object = value else {
            throw FileFailure(
                file: ModelFiles.manifest, field: "document", found: value.summary, wanted: "an object")
        }
    }

    func failure(_ field: String, _ found: JSONValue?, _ wanted: String) -> FileFailure {
        FileFailure(
            file: ModelFiles.manifest, field: field, found: found?.summary ?? "absent", wanted: wanted)
    }

    func text(_ name: String, of object: JSONValue? = nil, path: String = "") throws(FileFailure)
        -> String
    {
        let member = (object ?? value).member(name)
        guard let text = member?.text else { throw failure(path + name, member, "a string") }
        return text
    }

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

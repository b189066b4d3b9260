import KindredDomain
import KindredSystem

extension Manifest {
    private static let knownMembers: Set<String> = [
        "format_version", "model", "version", "created", "metric", "dimension", "fingerprint", "training_id",
        "items", "users", "popularity_column", "fold_in", "files",
    ]

    /// The document: known members first, in a fixed order, then unknown ones.
    package var json: JSONValue {
        var members = [
            JSONMember("format_version", .integer(formatVersion)),
            JSONMember("model", .string(model.description)),
            JSONMember("version", .integer(version)),
            JSONMember("created", .string(created)),
            JSONMember("metric", .string(metric.description)),
            JSONMember("dimension", .integer(dimension)),
            JSONMember("fingerprint", .string(fingerprintText)),
        ]
        if let trainingID { members.append(JSONMember("training_id", .string(trainingID))) }
        for side in [Side.items, .users] {
            guard let rows = rows(side) else { continue }
            members.append(
                JSONMember(
                    side.description,
                    .object([
                        JSONMember("rows", .integer(rows.count)),
                        JSONMember("id_kind", .string(rows.idKind.name)),
                        JSONMember("columns", .array(rows.columns.map(JSONValue.string))),
                    ])))
        }
        if let popularityColumn { members.append(JSONMember("popularity_column", .string(popularityColumn))) }
        if let foldIn { members.append(JSONMember("fold_in", foldIn.json)) }
        let files = files.map { file in
            JSONMember(
                file.name,
                .object([
                    JSONMember("bytes", .integer(file.byteCount)),
                    JSONMember("crc32c", .string(HexText.encode(file.crc32c))),
                ]))
        }
        members.append(JSONMember("files", .object(files)))
        return .object(members + unknownMembers)
    }

    /// The bytes of the document, as the packer writes them.
    package var encoded: [UInt8] { Array(JSONWriter.pretty(json).utf8) }

    /// Parses a manifest. Throws unless the bytes are a valid manifest of a format that this program reads.
    package init(json bytes: [UInt8]) throws(FileFailure) {
        let root = try ManifestReader(bytes: bytes)
        // The format is checked first, since members of a newer format may have other meanings.
        let format = try root.unsigned("format_version", in: 1...UInt64.max)
        guard format <= Self.formatVersionCurrent else {
            throw root.failure(
                "format_version", .integer(format),
                "at most \(Self.formatVersionCurrent): this is a newer format, which needs a newer kindred")
        }
        let modelText = try root.text("model")
        guard let model = ModelName(modelText) else {
            throw root.failure("model", .string(modelText), "a name of the form \(ModelName.rule)")
        }
        let metricText = try root.text("metric")
        guard let metric = Similarity.allCases.first(where: { $0.description == metricText }) else {
            throw root.failure("metric", .string(metricText), "\"dot\" or \"cosine\"")
        }
        let fingerprintText = try root.text("fingerprint")
        guard let fingerprint = HexText.decode(fingerprintText, byteCount: Self.fingerprintByteCount) else {
            throw root.failure(
                "fingerprint", .string(fingerprintText), "\(Self.fingerprintByteCount * 2) hexadecimal digits"
            )
        }
        let created = try root.text("created")
        guard Timestamp.isValid(created) else {
            throw root.failure("created", .string(created), "a UTC time such as \"2026-01-31T23:59:59Z\"")
        }
        var trainingID: String?
        if root.value.member("training_id") != nil {
            let text = try root.text("training_id")
            guard TrainingID.isValid(text) else {
                throw root.failure("training_id", .string(text), TrainingID.rule)
            }
            trainingID = text
        }
        self.init(
            model: model,
            version: try root.unsigned("version", in: 1...Limits.numberIDMax),
            created: created,
            metric: metric,
            dimension: Int(try root.unsigned("dimension", in: 1...UInt64(Limits.standard.dimensionMax))),
            fingerprint: fingerprint,
            trainingID: trainingID,
            items: try root.rows(.items),
            users: try root.rows(.users),
            files: try root.files())
        guard items != nil || users != nil else {
            throw root.failure("items", nil, "items, users or both")
        }
        for side in Side.allCases
        where (rows(side) == nil) != (file(named: ModelFiles.vectors(of: side)) == nil) {
            throw FileFailure(
                file: ModelFiles.manifest, field: "files.\(ModelFiles.vectors(of: side))",
                found: rows(side) == nil ? "present" : "absent",
                wanted: rows(side) == nil ? "absent, as \(side) are" : "present, as \(side) are")
        }
        popularityColumn = try root.popularityColumn()
        foldIn = try root.foldIn()
        for (member, isPresent) in [
            ("popularity_column", popularityColumn != nil), ("fold_in", foldIn != nil),
        ]
        where isPresent && items == nil {
            throw root.failure(member, root.value.member(member), "absent, as items are")
        }
        guard file(named: ModelFiles.seen) == nil || (items != nil && users != nil) else {
            throw FileFailure(
                file: ModelFiles.manifest, field: "files.\(ModelFiles.seen)", found: "present",
                wanted: "absent, as \(items == nil ? Side.items : .users) are")
        }
        if case .object(let members) = root.value {
            unknownMembers = members.filter { !Self.knownMembers.contains($0.name) }
        }
    }
}

extension FoldInParameters {
    /// The object of the manifest. The shortest decimal texts that give the same float64 numbers.
    package var json: JSONValue {
        .object([JSONMember("alpha", .real(alpha)), JSONMember("lambda", .real(lambda))])
    }
}

extension IDKind {
    /// The name in files and messages: `number` or `text`.
    package var name: String {
        switch self {
        case .number: "number"
        case .text: "text"
        }
    }
}

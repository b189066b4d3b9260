import KindredDomain
import KindredModel
import KindredSystem

/// The ids of one side in the order of the input. Each obeys the rules of its kind; duplicates are possible.
enum InputIDs {
    case numbers([UInt64])
    /// All bytes of a file or tensor, and the range of each id in them.
    case text(RegionColumn<UInt8>, [Range<Int>])

    var kind: IDKind {
        switch self {
        case .numbers: .number
        case .text: .text
        }
    }

    var count: Int {
        switch self {
        case .numbers(let numbers): numbers.count
        case .text(_, let ranges): ranges.count
        }
    }

    /// The id of an input row.
    subscript(row: Int) -> ExternalID {
        switch self {
        case .numbers(let numbers): .number(numbers[row])
        case .text(let bytes, let ranges): .text(bytes.withElements { Array($0[ranges[row]]) })
        }
    }

    /// Reads the ids of `rows` vectors from a file of their own: text lines or a `.npy`. With no `kind`, lines are
    /// numbers if all are plain decimals. Also returns what was done with a heading, if the file has one.
    static func read(
        path: String, kind: IDKind?, side: Side, rows: Int
    ) throws(FileFailure) -> (ids: InputIDs, heading: IDHeading.Reading?) {
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        let start = try file.bytes(at: 0, count: min(file.byteCount, NpyHeader.magic.count))
        if start == NpyHeader.magic { return (try fromNumbers(try npy(file), kind: kind, file: path), nil) }
        if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
            throw FileFailure(
                file: path, field: "the text of the ids", found: "UTF-16",
                wanted: "UTF-8 (iconv -f UTF-16 -t UTF-8 writes it)")
        }
        let (region, _) = try file.readAll()
        var lines = region.withBytes(lines)
        let heading = try region.withBytes { bytes throws(FileFailure) in
            try IDHeading.read(lines, of: bytes, side: side, rows: rows, file: path)
        }
        var firstLine = 1
        if case .skipped = heading {
            lines.removeFirst()
            firstLine = 2
        }
        let ids = try fromText(
            region, lines, kind: kind, isTyped: false, file: path, place: { "line \($0 + firstLine)" })
        return (ids, heading)
    }

    /// Reads the ids beside the vectors of a safetensors file; nil if it has none.
    static func read(
        header: SafetensorsHeader, path: String, kind: IDKind?
    ) throws(FileFailure) -> InputIDs? {
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        if header.tensor(ModelFiles.numbersTensor) != nil {
            let tensors = try IDTensors(header: header, kind: .number, file: path)
            let region = try file.region(at: tensors.words.lowerBound, count: tensors.words.count)
            return try fromNumbers(words(region), kind: kind, file: path)
        }
        guard header.tensor(ModelFiles.offsetsTensor) != nil else { return nil }
        let tensors = try IDTensors(header: header, kind: .text, file: path)
        let offsets = words(
            try file.region(at: tensors.words.lowerBound, count: tensors.words.count))
        let region = try file.region(at: tensors.text.lowerBound, count: tensors.text.count)
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(tensors.count)
        for row in 0..<tensors.count {
            guard offsets[row] <= offsets[row + 1], offsets[row + 1] <= UInt64(region.byteCount) else {
                throw FileFailure(
                    file: path, field: "id_offsets[\(row + 1)]", found: "\(offsets[row + 1])",
                    wanted: "\(offsets[row])...\(region.byteCount)")
            }
            ranges.append(Int(offsets[row])..<Int(offsets[row + 1]))
        }
        return try fromText(
            region, ranges, kind: kind, isTyped: true, file: path, place: { "the id of row \($0)" })
    }

    private static func words(_ region: MemoryRegion) -> [UInt64] {
        region.withBytes { bytes in
            (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
    }

    private static func npy(_ file: borrowing ReadableFile) throws(FileFailure) -> [UInt64] {
        let header = try NpyHeader.read(file)
        guard header.type == "<u8" || header.type == "<i8" else {
            throw FileFailure(
                file: file.name, field: "the element type of the ids",
                found: FileFailure.quoted(header.type), wanted: "\"<u8\" or \"<i8\"")
        }
        guard header.shape.count == 1 else {
            throw FileFailure(
                file: file.name, field: "the shape of the ids", found: "\(header.shape)", wanted: "[rows]")
        }
        return words(try file.region(at: header.dataOffset, count: header.elementCount * 8))
    }

    private static func fromNumbers(
        _ numbers: [UInt64], kind: IDKind?, file: String
    ) throws(FileFailure) -> InputIDs {
        for (row, number) in numbers.enumerated() where number > Limits.numberIDMax {
            // The same bits are negative as a signed integer, and the file may mean either: the message names both.
            throw FileFailure(
                file: file, field: "the id of row \(row)",
                found: "\(number) (\(Int64(bitPattern: number)) if signed)",
                wanted: "0...\(Limits.numberIDMax)")
        }
        guard kind == .text else { return .numbers(numbers) }
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        for number in numbers {
            let start = bytes.count
            bytes.append(contentsOf: String(number).utf8)
            ranges.append(start..<bytes.count)
        }
        return .text(RegionColumn(try MemoryRegion.copy(of: bytes, for: file)), ranges)
    }

    /// The ranges of the lines of a text, without line ends (LF or CRLF). The last line end is optional. A byte order
    /// mark does not belong to the first line.
    private static func lines(_ bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while start < bytes.count {
            var index = start
            while index < bytes.count, bytes[index] != 0x0A { index += 1 }
            let isReturn = index < bytes.count && index > start && bytes[index - 1] == 0x0D
            ranges.append(start..<(isReturn ? index - 1 : index))
            start = index + 1
        }
        return ranges
    }

    /// Ids from texts. `isTyped`: the file declares them as texts, so they become numbers only if `kind` asks for it.
    /// `place` names the place of a row in failures.
    private static func fromText(
        _ region: MemoryRegion, _ ranges: [Range<Int>], kind: IDKind?, isTyped: Bool, file: String,
        place: (Int) -> String
    ) throws(FileFailure) -> InputIDs {
        let column = RegionColumn<UInt8>(region)
        return try column.withBytes { (bytes) throws(FileFailure) in
            if kind == .number || (kind == nil && !isTyped) {
                var numbers: [UInt64] = []
                numbers.reserveCapacity(ranges.count)
                for (row, range) in ranges.enumerated() {
                    let id = bytes[range]
                    guard let number = ExternalID.plainDecimal(id) else {
                        if kind == nil { break }
                        throw FileFailure(
                            file: file, field: place(row), found: TextIDRule.shown(id),
                            wanted:
                                "a plain decimal of at most \(Limits.numberIDMax), since the ids are numbers")
                    }
                    numbers.append(number)
                }
                if numbers.count == ranges.count { return .numbers(numbers) }
            }
            for (row, range) in ranges.enumerated() {
                try TextIDRule.check(
                    UnsafeRawBufferPointer(rebasing: bytes[range]), file: file, field: place(row))
            }
            return .text(column, ranges)
        }
    }
}

import KindredDomain

/// A table of values while it is read.
struct SetBuilder {
    /// The type of a value, in the upper bits of its code while values come in.
    private enum Class: UInt32 {
        case integer
        case real
        case text
    }

    private static let classShift: UInt32 = 30
    /// Bytes of a distinct number in its dictionary, at most.
    private static let numberByteCount = 48

    private let table: SetTable
    private let rowCount: Int
    private let file: String
    /// Entries whose id has no row.
    var entriesWithoutRow = 0
    /// A row in the upper half, a code in the lower one.
    private var pairs: [UInt64] = []
    private var integers: [Int64] = []
    private var reals: [Double] = []
    private var integerCodes: [Int64: UInt32] = [:]
    /// By the bits, so that -0 is a value of its own.
    private var realCodes: [UInt64: UInt32] = [:]
    private var texts = TextDictionary()
    private var nullRows: Bitmap?

    init(
        _ table: SetTable, rowCount: Int, file: String, memory: inout ColumnMemory
    ) throws(CatalogFailure) {
        self.table = table
        self.rowCount = rowCount
        self.file = file
        try memory.take((rowCount + 1) * MemoryLayout<UInt32>.stride)
    }

    /// Adds a checked value of a row.
    mutating func add(
        _ row: UInt32, _ value: ImmutableDatabase.Value, memory: inout ColumnMemory
    ) throws(CatalogFailure) {
        let code: UInt32
        switch value {
        case .null, .blob:
            if nullRows == nil {
                try memory.take((rowCount + 7) / 8)
                nullRows = Bitmap(count: rowCount)
            }
            nullRows?[Int(row)] = true
            return
        case .integer(let integer):
            if let known = integerCodes[integer] {
                code = known
            } else {
                code = try newCode(.integer, after: integers.count, memory: &memory)
                integerCodes[integer] = code
                integers.append(integer)
            }
        case .real(let real):
            if let known = realCodes[real.bitPattern] {
                code = known
            } else {
                code = try newCode(.real, after: reals.count, memory: &memory)
                realCodes[real.bitPattern] = code
                reals.append(real)
            }
        case .text(let bytes):
            let before = texts.texts.count
            guard let text = texts.code(of: bytes), text < 1 << Self.classShift else {
                throw .dictionaryTooLarge(file: file, table: table.table, column: "value")
            }
            if texts.texts.count > before { try memory.take(bytes.count + TextDictionary.overheadByteCount) }
            code = text | Class.text.rawValue << Self.classShift
        }
        if pairs.count == pairs.capacity {
            let capacity = max(64, pairs.capacity * 2)
            try memory.take((capacity - pairs.capacity) * MemoryLayout<UInt64>.stride)
            pairs.reserveCapacity(capacity)
        }
        pairs.append(UInt64(row) << 32 | UInt64(code))
    }

    /// The code of a new number, after `count` others of its type.
    private func newCode(
        _ type: Class, after count: Int, memory: inout ColumnMemory
    ) throws(CatalogFailure) -> UInt32 {
        guard count < 1 << Self.classShift else {
            throw .dictionaryTooLarge(file: file, table: table.table, column: "value")
        }
        try memory.take(Self.numberByteCount)
        return UInt32(count) | type.rawValue << Self.classShift
    }

    /// The attribute with the values that were added.
    consuming func finish(memory: inout ColumnMemory) throws(CatalogFailure) -> CatalogSet {
        pairs.sort()
        try memory.take(pairs.count * MemoryLayout<UInt32>.stride)
        let firstReal = UInt32(integers.count)
        let firstText = firstReal + UInt32(reals.count)
        let mask: UInt32 = 1 << Self.classShift - 1
        var offsets = [UInt32](repeating: 0, count: rowCount + 1)
        var codes: [UInt32] = []
        codes.reserveCapacity(pairs.count)
        var row = 0
        var previous: UInt64?
        for pair in pairs where pair != previous {
            previous = pair
            while row < Int(pair >> 32) {
                row += 1
                offsets[row] = UInt32(codes.count)
            }
            let code = UInt32(truncatingIfNeeded: pair)
            switch Class(rawValue: code >> Self.classShift) {
            case .integer?: codes.append(code & mask)
            case .real?: codes.append(code & mask + firstReal)
            default: codes.append(code & mask + firstText)
            }
            guard codes.count < Int(UInt32.max) else {
                throw .dictionaryTooLarge(file: file, table: table.table, column: "value")
            }
        }
        while row < rowCount {
            row += 1
            offsets[row] = UInt32(codes.count)
        }
        let groups = try groups(offsets: offsets, codes: codes, memory: &memory)
        return CatalogSet(
            name: table.name, affinity: table.value.affinity, offsets: offsets, codes: codes,
            values: SetValues(integers: integers, reals: reals, texts: texts.texts), nullRows: nullRows,
            groups: groups, entriesWithoutRow: entriesWithoutRow)
    }

    /// The codes of each row, where one stands for all values that are equal; nil where no two are equal.
    private func groups(
        offsets: [UInt32], codes: [UInt32], memory: inout ColumnMemory
    ) throws(CatalogFailure) -> CatalogSet.Groups? {
        let firstReal = UInt32(integers.count)
        var equals: [UInt32: UInt32] = [:]
        for (place, real) in reals.enumerated() {
            let own = firstReal + UInt32(place)
            if let integer = Int64(exactly: real), let code = integerCodes[integer] {
                equals[own] = code
            } else if real == 0, let first = reals.firstIndex(of: 0), first != place {
                equals[own] = firstReal + UInt32(first)
            }
        }
        guard !equals.isEmpty else { return nil }
        try memory.take((offsets.count + codes.count) * MemoryLayout<UInt32>.stride)
        var groupOffsets: [UInt32] = [0]
        var groups: [UInt32] = []
        groupOffsets.reserveCapacity(offsets.count)
        groups.reserveCapacity(codes.count)
        for row in 0..<rowCount {
            let own = codes[Int(offsets[row])..<Int(offsets[row + 1])].map { equals[$0] ?? $0 }.sorted()
            for (place, code) in own.enumerated() where place == 0 || own[place - 1] != code {
                groups.append(code)
            }
            groupOffsets.append(UInt32(groups.count))
        }
        return CatalogSet.Groups(offsets: groupOffsets, codes: groups)
    }
}

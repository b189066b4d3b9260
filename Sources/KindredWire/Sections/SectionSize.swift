import KindredDomain

/// What sections take in a body, header and padding included.
enum SectionSize {
    /// Bytes of a section with `payload` bytes.
    static func of(_ payload: Int) -> Int { SectionReader.headerByteCount + (payload + 7) / 8 * 8 }

    /// Bytes of the sections of a stretch of ids.
    static func of(_ ids: IDList, in range: Range<Int>) -> Int {
        if range.isEmpty { return of(0) }
        switch ids {
        case .numbers: return of(range.count * 8)
        case .text(let list): return of(list, in: range)
        }
    }

    /// Bytes of the two sections of a stretch of texts.
    static func of(_ list: TextList, in range: Range<Int>) -> Int {
        of((range.count + 1) * 4) + of(Int(list.offsets[range.upperBound] - list.offsets[range.lowerBound]))
    }
}

/// The characters of a text as SQLite's LIKE and GLOB read them: up to the first NUL, and U+FFFE and U+FFFF as U+FFFD.
struct SQLiteCharacters {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The next character, or nil at the end.
    mutating func next() -> UInt32? {
        guard index < bytes.count, bytes[index] != 0 else { return nil }
        let first = bytes[index]
        index += 1
        guard first >= 0xC0 else { return UInt32(first) }
        var character = UInt32(first & (first < 0xE0 ? 0x1F : first < 0xF0 ? 0x0F : 0x07))
        while index < bytes.count, bytes[index] & 0xC0 == 0x80 {
            character = character << 6 | UInt32(bytes[index] & 0x3F)
            index += 1
        }
        let isNoCharacter =
            character < 0x80 || character & 0xFFFF_F800 == 0xD800 || character & 0xFFFF_FFFE == 0xFFFE
        return isNoCharacter ? 0xFFFD : character
    }

    /// The next character, which stays the next.
    func peek() -> UInt32? {
        var copy = self
        return copy.next()
    }
}

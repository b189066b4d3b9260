import KindredDomain

/// Distinct texts, numbered in the order in which they come. A hash table over one `TextList`: no allocation per
/// text.
struct TextDictionary {
    /// Bytes that a text takes beside its own, at most: its offset, its hash and its slots.
    static let overheadByteCount = 4 + 8 + 16

    /// The text of each code.
    private(set) var texts = TextList()
    /// Codes + 1 by hash, 0 where free; a power of two of them, at most half taken.
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private var hashes: [Int] = []

    /// The code of a text, a new one where it is new; nil where there is no room for it.
    mutating func code(of text: UnsafeRawBufferPointer) -> UInt32? {
        var hasher = Hasher()
        hasher.combine(bytes: text)
        let hash = hasher.finalize()
        var slot = hash & (slots.count - 1)
        while slots[slot] != 0 {
            let code = slots[slot] - 1
            if hashes[Int(code)] == hash, texts[Int(code)].elementsEqual(text) { return code }
            slot = (slot + 1) & (slots.count - 1)
        }
        guard text.count <= Limits.catalogDictionaryBytesMax - texts.bytes.count else { return nil }
        let code = UInt32(texts.count)
        texts.append(text)
        hashes.append(hash)
        slots[slot] = code + 1
        if texts.count * 2 > slots.count { grow() }
        return code
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (code, hash) in hashes.enumerated() {
            var slot = hash & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(code) + 1
        }
    }
}

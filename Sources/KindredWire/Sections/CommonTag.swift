/// Sections that every request may have; a message's own begin at 64.
enum CommonTag {
    static let model: UInt16 = 1
}

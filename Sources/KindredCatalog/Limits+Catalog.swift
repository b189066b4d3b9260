import KindredDomain

extension Limits {
    /// Bytes of one text in a catalog.
    package static let catalogTextBytesMax = 64 << 10
    /// Bytes of all distinct texts of one catalog column.
    package static let catalogDictionaryBytesMax = 1 << 30
}

/// Columns of plain elements that share one allocation.
package struct ColumnLayout {
    /// The place of a column in the memory of its layout.
    struct Column<Element: ~Copyable> {
        fileprivate let offset: Int
        fileprivate let count: Int
    }

    /// Columns begin with a cache line.
    private static let alignment = 64

    private var byteCount = 0

    /// A layout without columns.
    package init() {}

    /// Adds a column of `count` elements.
    mutating func add<Element: ~Copyable>(_: Element.Type, count: Int) -> Column<Element> {
        let column = Column<Element>(offset: byteCount, count: count)
        let end = byteCount + count * MemoryLayout<Element>.stride
        byteCount = (end + Self.alignment - 1) / Self.alignment * Self.alignment
        return column
    }

    /// Uninitialised memory for all columns, which the caller deallocates.
    package func allocate() -> UnsafeMutableRawPointer {
        .allocate(byteCount: max(1, byteCount), alignment: Self.alignment)
    }
}

extension UnsafeMutableRawPointer {
    /// The elements of a column of the layout that this memory was allocated for.
    func elements<Element: ~Copyable>(_ column: ColumnLayout.Column<Element>) -> UnsafeMutablePointer<Element>
    {
        (self + column.offset).bindMemory(to: Element.self, capacity: column.count)
    }
}

/// An immutable column of elements inside a memory region: the elements and the region that owns them, as one value.
///
/// The region lives at least as long as the column and every copy of it, so an owner of a column may always read. Any
/// thread may read. The members are public and inlinable because the compiler inlines nothing less into other modules.
public struct RegionColumn<Element: BitwiseCopyable>: @unchecked Sendable {
    /// The first element, for a scan that must not pay for a check. Valid while this column, or a copy, is held.
    public let pointer: UnsafePointer<Element>
    /// Number of elements.
    public let count: Int
    private let region: MemoryRegion?

    /// A column without elements.
    package init() {
        pointer = Self.noElements
        count = 0
        region = nil
    }

    /// The elements in a range of a region's bytes, which must not change any more.
    ///
    /// The range is inside the region, begins at a multiple of the element's alignment, and holds whole elements.
    /// Regions begin at a page, so an offset of that alignment makes an aligned address.
    package init(_ region: MemoryRegion, bytes range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= region.byteCount, "bytes outside the region")
        precondition(
            range.lowerBound % MemoryLayout<Element>.alignment == 0
                && range.count % MemoryLayout<Element>.stride == 0, "elements that are cut or not aligned")
        pointer =
            region.baseAddress.map {
                UnsafePointer(($0 + range.lowerBound).assumingMemoryBound(to: Element.self))
            } ?? Self.noElements
        count = range.count / MemoryLayout<Element>.stride
        self.region = region
    }

    /// All elements of a region.
    package init(_ region: MemoryRegion) { self.init(region, bytes: 0..<region.byteCount) }

    /// An aligned address that nothing is read from.
    private static var noElements: UnsafePointer<Element> {
        UnsafePointer(bitPattern: MemoryLayout<Element>.alignment)!
    }

    /// The element at an index in `0 ..< count`.
    @inlinable public subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count, "no element of the column")
        return withExtendedLifetime(self) { pointer[index] }
    }

    /// Calls `body` with all elements; the pointer is valid until it returns.
    @inlinable public func withElements<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// Calls `body` with the bytes of all elements; the pointer is valid until it returns.
    @inlinable public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withElements { (elements) throws(Failure) in try body(UnsafeRawBufferPointer(elements)) }
    }
}

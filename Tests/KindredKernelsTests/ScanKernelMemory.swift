import Glibc

/// Zeroed memory that ends at a page end, before an unreadable page: a kernel that reads beyond the end crashes the
/// test. If the size is a multiple of an alignment, the memory is aligned to it.
final class ScanKernelMemory<Element: BitwiseCopyable> {
    let elements: UnsafeMutableBufferPointer<Element>
    private let pages: UnsafeMutableRawPointer
    private let pageBytes: Int

    init(count: Int) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let byteCount = count * MemoryLayout<Element>.stride
        pageBytes = (byteCount + page - 1) / page * page + page
        guard
            let pages = mmap(nil, pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            pages != MAP_FAILED, mprotect(pages + pageBytes - page, page, PROT_NONE) == 0
        else { fatalError("no memory for \(byteCount) bytes: \(String(cString: strerror(errno)))") }
        self.pages = pages
        elements = UnsafeMutableBufferPointer(
            start: (pages + (pageBytes - page - byteCount)).assumingMemoryBound(to: Element.self),
            count: count)
    }

    convenience init(_ values: [Element]) {
        self.init(count: values.count)
        _ = elements.update(fromContentsOf: values)
    }

    deinit { munmap(pages, pageBytes) }

    /// Makes a range of elements unreadable. The range must begin and end at page borders.
    func forbid(_ range: Range<Int>) {
        let start = UnsafeMutableRawPointer(elements.baseAddress! + range.lowerBound)
        let failed = mprotect(start, range.count * MemoryLayout<Element>.stride, PROT_NONE)
        precondition(failed == 0, "elements \(range) do not begin and end with a page")
    }

    var base: UnsafeMutablePointer<Element> { elements.baseAddress! }
}

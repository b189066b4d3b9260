import KindredKernels

extension MemoryRegion {
    /// Zeroed memory for the content of a file; the failure names the file.
    static func zeroed(byteCount: Int, for file: String) throws(ModelFileFailure) -> MemoryRegion {
        do throws(MemoryFailure) {
            return try MemoryRegion(byteCount: byteCount)
        } catch {
            throw ModelFileFailure(
                file: file, call: "memory", code: error.code, wanted: "\(byteCount) bytes of memory")
        }
    }

    /// Memory with the given content; the failure names the file.
    static func copy(
        of bytes: UnsafeRawBufferPointer, for file: String
    ) throws(ModelFileFailure) -> MemoryRegion {
        let region = try zeroed(byteCount: bytes.count, for: file)
        region.mutableBytes.copyMemory(from: bytes)
        return region
    }

    /// Memory with the elements of an array; the failure names the file.
    static func copy<Element: BitwiseCopyable>(
        of elements: [Element], for file: String
    ) throws(ModelFileFailure) -> MemoryRegion {
        let region = try zeroed(byteCount: elements.count * MemoryLayout<Element>.stride, for: file)
        elements.withUnsafeBytes { region.mutableBytes.copyMemory(from: $0) }
        return region
    }
}

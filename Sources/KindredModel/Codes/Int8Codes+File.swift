import KindredSystem

extension Int8Codes {
    /// Codes that were read from a file of the current layout, which `file` names.
    ///
    /// Everything is checked but that codes and bounds are those of the vectors.
    convenience init(
        region: MemoryRegion, header: CodesHeader, of table: VectorTable, file: String,
        with means: LoadResources
    ) throws(FileFailure) {
        try header.check(region.bytes, file: file)
        func section(_ section: CodesHeader.Section) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: region.bytes[header.range(of: section)])
        }
        try self.init(
            rows: section(.rows), blocks: section(.blocks), codes: section(.codes), storage: [region],
            of: table, file: file, with: means)
    }
}

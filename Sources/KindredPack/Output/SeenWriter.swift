import KindredModel
import KindredSystem

/// Writes the file of seen pairs.
enum SeenWriter {
    /// Bytes of one write.
    private static let writeByteCount = 4 << 20

    /// Sorts the lists and writes the file into `directory`. Returns its entry for the manifest.
    static func write(
        _ lists: inout SeenLists, into directory: String, fingerprint: [UInt8],
        progress: (PackProgress) -> Void
    ) throws(PackFailure) -> Manifest.File {
        let pairCount = lists.sort()
        let header = SeenHeader(
            userCount: lists.userCount, itemCount: lists.itemCount, pairCount: pairCount,
            fingerprint: fingerprint)
        var file = try WritableFile(directory: directory, name: ModelFiles.seen)
        try file.write(header.encoded)
        try file.pad(to: header.range(of: .offsets).lowerBound)
        try lists.offsets.withBytes { (bytes) throws(PackFailure) in try file.write(bytes) }
        try file.pad(to: header.range(of: .rows).lowerBound)
        try lists.rows.withBytes { (bytes) throws(PackFailure) in
            let byteCount = header.byteCount(of: .rows)
            for start in stride(from: 0, to: byteCount, by: writeByteCount) {
                progress(.writingPairs(done: start, of: byteCount))
                let end = min(start + writeByteCount, byteCount)
                try file.write(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
        }
        return try file.finish()
    }
}

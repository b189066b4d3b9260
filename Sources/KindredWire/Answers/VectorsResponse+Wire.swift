import KindredDomain

extension VectorsResponse {
    /// Appends the sections and fixed part of one frame's body. `foundBefore[i]`: ids found before id i.
    func encode(_ ids: Range<Int>, foundBefore: [Int], into writer: inout ByteWriter) {
        typealias Tag = VectorsReply.Tag
        let fixed = writer.beginBody(fixedLength: VectorsReply.fixedLength)
        writer.store(UInt32(clamping: ids.count), at: fixed + 4)
        writer.store(origin.version, at: fixed + 8)
        writer.store(dimension, at: fixed + 16)
        writer.store(UInt32(clamping: ids.lowerBound), at: fixed + 20)
        writer.store(origin.queueMicroseconds, at: fixed + 24)
        writer.store(origin.computeMicroseconds, at: fixed + 28)
        writer.appendString(origin.model.description, tag: Tag.model)
        writer.appendBitmap(found, in: ids, tag: Tag.found)
        let width = Int(dimension)
        writer.appendSection(
            elements, in: foundBefore[ids.lowerBound] * width..<foundBefore[ids.upperBound] * width,
            tag: Tag.vectors)
    }

    /// Bytes of the body with a stretch of the ids.
    func byteCount(of ids: Range<Int>, foundBefore: [Int]) -> Int {
        let rows = foundBefore[ids.upperBound] - foundBefore[ids.lowerBound]
        return VectorsReply.fixedLength + SectionSize.of(origin.model.description.utf8.count)
            + SectionSize.of((ids.count + 7) / 8) + SectionSize.of(rows * Int(dimension) * 4)
    }

    /// For every id and the end, how many ids before it were found.
    var foundBefore: [Int] {
        var counts = [0]
        counts.reserveCapacity(found.count + 1)
        var count = 0
        for isFound in found {
            if isFound { count += 1 }
            counts.append(count)
        }
        return counts
    }
}

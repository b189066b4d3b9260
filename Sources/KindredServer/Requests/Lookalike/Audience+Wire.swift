import KindredQuery
import KindredSystem
import KindredWire

extension Audience {
    /// How many rows from `first` on a DATA body of `byteCount` bytes holds.
    func rowCount(from first: Int, inBody byteCount: Int, withScores: Bool) -> Int {
        switch ids {
        case .numbers: min(count - first, DataFrame.numberRows(inBody: byteCount, withScores: withScores))
        case .text(let offsets, _):
            DataFrame.textRows(
                inBody: byteCount, offsets: textOffsets(offsets), first: first, withScores: withScores)
        }
    }

    /// Appends a DATA frame of the rows, adds their ids to the checksum, and returns the body's bytes.
    func encode(
        _ range: Range<Int>, requestID: UInt64, withScores: Bool, checksum: inout AudienceChecksum,
        into writer: inout ByteWriter
    ) -> Int {
        let scores = UnsafeBufferPointer(rebasing: self.scores[withScores ? range : 0..<0])
        switch ids {
        case .numbers(let memory):
            let numbers = UnsafeBufferPointer(rebasing: memory.bytes.bindMemory(to: UInt64.self)[range])
            checksum.update(numbers: numbers)
            return DataFrame.encode(
                requestID: requestID, firstRow: UInt64(range.lowerBound), numbers: numbers, scores: scores,
                into: &writer)
        case .text(let memory, let bytes):
            let offsets = textOffsets(memory)
            let part = UnsafeBufferPointer(rebasing: offsets[range.lowerBound...range.upperBound])
            let texts = bytes.bytes[Int(part[0])..<Int(part[part.count - 1])]
            checksum.update(text: UnsafeRawBufferPointer(rebasing: texts))
            return DataFrame.encode(
                requestID: requestID, firstRow: UInt64(range.lowerBound), textOffsets: part,
                text: bytes.bytes,
                scores: scores, into: &writer)
        }
    }

    private func textOffsets(_ memory: MemoryRegion) -> UnsafeBufferPointer<UInt64> {
        UnsafeBufferPointer(rebasing: memory.bytes.bindMemory(to: UInt64.self)[...count])
    }
}

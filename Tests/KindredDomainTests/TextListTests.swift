import KindredDomain
import Testing

@Suite struct TextListTests {
    @Test func offsetsMustPartitionTheBytes() {
        #expect(TextList(offsets: [0, 1, 3], bytes: [1, 2, 3])?.count == 2)
        #expect(TextList(offsets: [0], bytes: [])?.isEmpty == true)
        for offsets: [UInt32] in [[], [1, 3], [0, 2], [0, 4], [0, 2, 1, 3], [0, .max]] {
            #expect(TextList(offsets: offsets, bytes: [1, 2, 3]) == nil, "\(offsets)")
        }
    }

    @Test func raggedListsPartitionTheirIDs() {
        let ids = IDList.numbers([1, 2, 3])
        #expect(RaggedIDs(ids: ids, offsets: [0, 0, 3])?.range(ofQuery: 1) == 0..<3)
        #expect(RaggedIDs(shared: ids).range(ofQuery: 9) == 0..<3)
        for offsets: [UInt32] in [[], [0, 2], [1, 3], [0, 3, 2, 3], [0, 4]] {
            #expect(RaggedIDs(ids: ids, offsets: offsets) == nil, "\(offsets)")
        }
    }

    @Test func mixedIDsBecomeTexts() {
        #expect(IDList([1, 2]) == .numbers([1, 2]))
        #expect(IDList([1, "a"]).ids == ["1", "a"])
    }
}

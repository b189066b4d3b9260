import KindredDomain
import Testing

@Suite struct BinarySearchTests {
    @Test func indexIsTheFirstOfTheSuffix() {
        for count in 0..<20 {
            for point in 0...count {
                let range = 7..<7 + count
                #expect(range.partitioningIndex { $0 >= 7 + point } == 7 + point)
            }
        }
    }

    @Test func middleOfTheGreatestIndicesDoesNotOverflow() {
        let range = Int.max - 10..<Int.max
        #expect(range.partitioningIndex { $0 >= Int.max - 3 } == Int.max - 3)
    }
}

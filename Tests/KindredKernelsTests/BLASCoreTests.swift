import KindredKernels
import Testing

@Suite struct BLASCoreTests {
    @Test func kernelsForALesserCPUAreTold() {
        #expect(BLASCore(name: "Prescott").isWeaker(thanLanes: 16))
        #expect(BLASCore(name: "Prescott").isWeaker(thanLanes: 8))
        #expect(BLASCore(name: "Haswell").isWeaker(thanLanes: 16))
        #expect(!BLASCore(name: "Haswell").isWeaker(thanLanes: 8))
        #expect(!BLASCore(name: "Cooperlake").isWeaker(thanLanes: 16))
        // Without fused multiply-adds, there is no faster kernel; of an unknown name nothing is known.
        #expect(!BLASCore(name: "Prescott").isWeaker(thanLanes: 0))
        #expect(!BLASCore(name: "Whatever").isWeaker(thanLanes: 16))
        #expect(BLASCore(name: "Whatever").lanes == nil)
    }

    @Test func aPaceIsMeasured() {
        guard let pace = BLASCore.pace() else {
            #expect(BLASCore.lanesOfCPU == 0)
            return
        }
        // A product cannot be faster than the registers, but for the noise of two measurements.
        #expect(pace.measured > 0 && pace.peak > 0 && pace.factor > 0.7)
    }
}

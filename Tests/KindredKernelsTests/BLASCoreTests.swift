import KindredKernels
import Testing

@Suite struct BLASCoreTests {
    @Test func weakerKernelsAreDetected() {
        #expect(BLASCore(name: "Prescott").isWeaker(thanLanes: 16))
        #expect(BLASCore(name: "Prescott").isWeaker(thanLanes: 8))
        #expect(BLASCore(name: "Haswell").isWeaker(thanLanes: 16))
        #expect(!BLASCore(name: "Haswell").isWeaker(thanLanes: 8))
        #expect(!BLASCore(name: "Cooperlake").isWeaker(thanLanes: 16))
        // Without fused multiply-add there are no faster kernels. The lanes of an unknown name are unknown.
        #expect(!BLASCore(name: "Prescott").isWeaker(thanLanes: 0))
        #expect(!BLASCore(name: "Whatever").isWeaker(thanLanes: 16))
        #expect(BLASCore(name: "Whatever").lanes == nil)
    }

    @Test func throughputIsMeasured() {
        guard let pace = BLASCore.pace() else {
            #expect(BLASCore.lanesOfCPU == 0)
            return
        }
        // A product cannot be faster than the registers, except for the noise of two measurements.
        #expect(pace.measured > 0 && pace.peak > 0 && pace.factor > 0.7)
    }
}

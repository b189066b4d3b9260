import KindredKernels
import KindredQuery

/// The shortest time that the hardware allows for a scan: reading its bytes or multiplying, whichever takes longer.
struct HardwareBound: Sendable {
    let limits: MachineLimits
    let setting: EngineSetting

    /// The limit of a scan.
    struct Bound: Encodable, Sendable {
        let seconds: Double
        /// The memory level that holds the bytes, or the kernel that multiplies.
        let name: String
    }

    /// The limit for a batch with these counts. Bytes that several queries need are read once.
    func bound(_ counts: [ScanCounts]) -> Bound? {
        let rowsMost = counts.map(\.rowsScanned).max() ?? 0
        let rowsAll = counts.reduce(0) { $0 + $1.rowsScanned }
        let bytes: Int
        let peak: Double?
        let width: Int
        let kernel: String
        switch setting.path {
        case .blas:
            bytes = rowsMost * setting.dimension * MemoryLayout<Float>.stride
            width = setting.dimension
            peak = limits.productPeak(dimension: setting.dimension, setting.threads)
            kernel = "sgemm"
        case .int8:
            let perBlock =
                CodeEncoder.blockByteCount(dimension: setting.dimension) + MemoryLayout<CodeBlock>.stride
            bytes = rowsMost * perBlock / CodeEncoder.blockRows
            width = 4 * CodeEncoder.groups(dimension: setting.dimension)
            kernel = limits.scanKernel
            peak = limits.scanPeak(kernel: kernel, dimension: setting.dimension, setting.threads)
        }
        let level = MemoryLevel.holding(
            bytes, threads: setting.threads.count(of: limits.machine), of: limits.machine)
        guard let peak, let bandwidth = limits.bandwidth(level, setting.threads) else { return nil }
        let reading = Double(bytes) / bandwidth
        let multiplying = Double(rowsAll) * Double(width) / peak
        return reading > multiplying
            ? Bound(seconds: reading, name: level.rawValue) : Bound(seconds: multiplying, name: kernel)
    }
}

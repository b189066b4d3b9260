import KindredKernels
import Logging

/// Logs where the BLAS library computes with kernels for a lesser CPU than this one.
enum BLASCheck {
    /// A library that is slower than the CPU's peak by this factor is worth a warning.
    private static let factorMin = 2.0

    /// Measures only where the kernels' name is that of a lesser CPU.
    static func run(logger: Logger) {
        guard let core = BLASCore.chosen, core.isWeaker(thanLanes: BLASCore.lanesOfCPU),
            let pace = BLASCore.pace()
        else { return }
        let metadata: Logger.Metadata = [
            "blas_kernels": "\(core.name)", "cpu": "\(BLASCore.lanesOfCPU == 16 ? "AVX-512" : "AVX2")",
            "gflops": "\(gflops(pace.measured))", "gflops_of_cpu": "\(gflops(pace.peak))",
            "factor": "\((pace.factor * 10).rounded() / 10)",
        ]
        guard pace.factor >= factorMin else {
            return logger.info(
                "BLAS computes with kernels for a lesser CPU, which costs little here", metadata: metadata)
        }
        let remedy =
            BLASCore.requested == nil
            ? "install a newer OpenBLAS, or name a CPU like this one in OPENBLAS_CORETYPE"
            : "the environment variable OPENBLAS_CORETYPE says so: unset it"
        logger.warning(
            "BLAS computes with kernels for a lesser CPU: products are far from what this one can do",
            metadata: metadata.merging(["remedy": "\(remedy)"]) { first, _ in first })
    }

    /// A multiply-add is two operations.
    private static func gflops(_ multiplyAddsPerNanosecond: Double) -> Int {
        Int(2 * multiplyAddsPerNanosecond)
    }
}

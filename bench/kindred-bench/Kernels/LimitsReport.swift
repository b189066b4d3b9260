import KindredTerminal

/// What `kindred-bench kernels` measured.
struct LimitsReport: Report {
    let limits: MachineLimits
    let checks: [Check] = []

    func encode(to encoder: any Encoder) throws { try limits.encode(to: encoder) }

    var lines: [String] {
        limits.machine.lines + ["int8 kernel: \(limits.scanKernel)"] + table(pauses) + table(reads)
            + table(products) + table(scans)
            + [
                "best of the rounds, with the distance of the quartiles; checksum \(limits.checksum.hexadecimal)"
            ]
    }

    private func table(_ rows: [[String]]) -> [String] {
        rows.count > 1 ? [""] + TextTable(figures: rows).lines : []
    }

    private var pauses: [[String]] {
        [["pauses", "threads", "longest", "of 1 ms or more", "of the time"]]
            + limits.pauses.map {
                [
                    "never waiting", $0.threads.rawValue, "\(($0.longestSeconds * 1_000).fixed(2)) ms",
                    "\($0.longPausesPerSecond.fixed(1)) /s", $0.shareOfTime.percent,
                ]
            }
    }

    private var reads: [[String]] {
        [["read", "threads", "GB/s", "noise"]]
            + limits.reads.map {
                [$0.level.rawValue, $0.threads.rawValue] + cells($0.bytesPerSecond, unit: 1e9)
            }
    }

    private var products: [[String]] {
        [["sgemm", "threads", "GFLOP/s", "noise"]]
            + limits.products.map {
                ["d = \($0.dimension)", $0.threads.rawValue] + cells($0.operationsPerSecond, unit: 1e9)
            }
    }

    private var scans: [[String]] {
        [["int8 kernel", "codes from", "queries", "threads", "G multiply-adds/s", "noise", "GB/s"]]
            + limits.scans.map {
                ["\($0.kernel) d = \($0.dimension)", $0.place.rawValue, "\($0.queries)", $0.threads.rawValue]
                    + cells($0.multiplyAddsPerSecond, unit: 1e9)
                    + [($0.bytesPerSecond.best / 1e9).fixed(1)]
            }
    }

    private func cells(_ figure: Rate, unit: Double) -> [String] {
        [(figure.best / unit).fixed(1), figure.spread.percent]
    }
}

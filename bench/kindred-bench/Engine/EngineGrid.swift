/// Which settings are measured: every combination, a model after the other.
struct EngineGrid: Sendable {
    var data = VectorKind.allCases
    var rows = [3_659, 10_000, 100_000, 1_000_000]
    var dimensions = [64]
    var batches = [1, 32, 128]
    var ks = [10]
    var paths = EnginePath.allCases
    var threads = ThreadChoice.allCases

    /// Everything; what does not fit the memory is left out when its turn comes.
    static let full = EngineGrid(
        rows: [3_659, 10_000, 100_000, 1_000_000, 10_000_000], dimensions: [32, 64, 128, 256],
        batches: [1, 8, 32, 128], ks: [10, 100])

    /// Small tables, dimensions that end within a group of four and within a register.
    static let smoke = EngineGrid(
        rows: [1_000, 3_659], dimensions: [64, 70], batches: [1, 32], ks: [10, 100])

    struct Model: Sendable {
        let data: VectorKind
        let rows: Int
        let dimension: Int
    }

    var models: [Model] {
        data.flatMap { data in
            rows.flatMap { rows in
                dimensions.map { Model(data: data, rows: rows, dimension: $0) }
            }
        }
    }

    func settings(of model: Model) -> [EngineSetting] {
        ks.flatMap { k in
            batches.flatMap { batch in
                threads.flatMap { threads in
                    paths.map { path in
                        EngineSetting(
                            data: model.data, rows: model.rows, dimension: model.dimension, batch: batch,
                            k: k,
                            path: path, threads: threads)
                    }
                }
            }
        }
    }
}

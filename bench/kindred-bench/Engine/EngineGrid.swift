import ArgumentParser
import KindredQuery

/// The settings to measure: every combination, one model after the other.
struct EngineGrid: Sendable {
    var data = VectorKind.allCases
    var rows = [3_659, 10_000, 100_000, 1_000_000]
    var dimensions = [64]
    var batches = [1, 32, 128]
    var ks = [10]
    var paths = EnginePath.allCases
    var threads = ThreadChoice.allCases

    /// The whole grid. Models that do not fit the memory are left out at their turn.
    static let full = EngineGrid(
        rows: [3_659, 10_000, 100_000, 1_000_000, 10_000_000], dimensions: [32, 64, 128, 256],
        batches: [1, 8, 32, 128], ks: [10, 100])

    /// Small tables, with one dimension that fills neither a group of four nor a register.
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

/// One setting of the grid.
struct EngineSetting: Hashable, Sendable {
    let data: VectorKind
    let rows: Int
    let dimension: Int
    let batch: Int
    let k: Int
    let path: EnginePath
    let threads: ThreadChoice
}

/// The engine that answers.
enum EnginePath: String, CaseIterable, Codable, ExpressibleByArgument, Sendable {
    case blas
    case int8

    var planned: PlannedQuery.Path { self == .blas ? .blas : .int8 }
}

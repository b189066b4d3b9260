/// The engine beside faiss, on each model of a grid: in turn, in the same rounds.
struct FaissMeasurement {
    let run: EngineRun
    let python: String
    private static let k = 10

    func measure(into report: inout EngineReport) throws {
        for shape in run.grid.models {
            let crew = run.crews[.all]
            let laws = try VectorLaws(shape.data, dimension: shape.dimension, shipped: run.shipped)
            let model = try EngineModel(
                shape.data, laws: laws, rows: shape.rows, dimension: shape.dimension, crew: crew)
            let comparison = try FaissComparison(
                run: run, model: model, laws: laws, python: python, k: Self.k)
            try comparison.measure(into: &report)
        }
    }
}

/// One row of the grid.
struct EngineSetting: Hashable, Sendable {
    let data: VectorKind
    let rows: Int
    let dimension: Int
    let batch: Int
    let k: Int
    let path: EnginePath
    let threads: ThreadChoice
}

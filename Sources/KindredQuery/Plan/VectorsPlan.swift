import KindredDomain
import KindredModel

/// The stored vectors of ids, in steps.
package struct VectorsPlan {
    private let request: VectorsRequest
    private let side: GenerationSide
    private var next = 0
    private var response: VectorsResponse

    /// Checks the side and the product of ids and dimension.
    package init(request: VectorsRequest, generation: Generation, limits: Limits) throws(RequestFailure) {
        guard let side = generation.side(request.side) else {
            throw .invalidArgument(.sideMissing(request.side))
        }
        let elements = UInt64(request.ids.count) * UInt64(generation.dimension)
        guard elements <= UInt64(limits.vectorElementsPerRequestMax) else {
            throw .limitExceeded(
                .vectorElementsPerRequest, found: elements, limit: UInt64(limits.vectorElementsPerRequestMax))
        }
        self.request = request
        self.side = side
        response = VectorsResponse(
            origin: AnswerOrigin(model: generation.name, version: generation.version),
            dimension: UInt32(generation.dimension), found: [], elements: [])
    }

    /// Copies about `elementCount` elements.
    package mutating func step(elementCount: Int) throws(RequestFailure) -> Step<VectorsResponse> {
        let table = side.table
        let end = min(next + max(1, elementCount / table.dimension), request.ids.count)
        let resolver = IDResolver(table: table)
        for position in next..<end {
            let row = try resolver.row(request.ids, position)
            response.found.append(row != nil)
            if let row {
                response.elements.append(
                    contentsOf: UnsafeBufferPointer(start: table.vector(ofRow: row), count: table.dimension))
            }
        }
        next = end
        return next == request.ids.count ? .done(response) : .working
    }
}

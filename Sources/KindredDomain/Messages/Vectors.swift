/// GET_VECTORS: the stored vectors of ids.
package struct VectorsRequest: Sendable, Equatable {
    package var model: ModelName?
    package var version: UInt64
    package var side: Side
    package var ids: IDList

    package init(model: ModelName? = nil, version: UInt64 = 0, side: Side, ids: IDList) {
        self.model = model
        self.version = version
        self.side = side
        self.ids = ids
    }
}

/// The answer to GET_VECTORS.
package struct VectorsResponse: Sendable, Equatable {
    package var origin: AnswerOrigin
    package var dimension: UInt32
    /// One per requested id.
    package var found: [Bool]
    /// The vectors of the found ids, in the request's order, row-major.
    package var elements: [Float]

    package init(origin: AnswerOrigin, dimension: UInt32, found: [Bool], elements: [Float]) {
        self.origin = origin
        self.dimension = dimension
        self.found = found
        self.elements = elements
    }
}

/// GET_VECTORS: the stored vectors of ids.
package struct VectorsRequest: Sendable, Equatable {
    /// Nil: the server's default model.
    package var model: ModelName?
    /// The version that must answer, or 0 for the active one.
    package var version: UInt64
    /// The side of the ids.
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
    /// The model and version that answered, and their times.
    package var origin: AnswerOrigin
    /// Elements of one vector.
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

import KindredDomain

/// Where one side's vectors and ids come from.
package struct PackInput: Sendable, Equatable {
    /// A `.npy` file (two dimensions, C order, `<f4` or `<f8`) or a safetensors file with the tensor `vectors`
    /// F32 [rows, dimension]. Told apart by their content.
    package var vectors: String
    /// A text file (one id per line) or a `.npy` of `<u8` or non-negative `<i8`. Nil: the ids inside the
    /// safetensors file. Goes before ids inside.
    package var ids: String?
    /// Nil: numbers where every line of the file is a plain decimal, else text.
    package var idKind: IDKind?

    package init(vectors: String, ids: String? = nil, idKind: IDKind? = nil) {
        self.vectors = vectors
        self.ids = ids
        self.idKind = idKind
    }
}

import KindredDomain

/// The input files of one side.
package struct PackInput: Sendable, Equatable {
    /// A `.npy` file (two dimensions, C order, `<f4` or `<f8`) or a safetensors file with the tensor `vectors`
    /// F32 [rows, dimension]. The content decides which of them it is.
    package var vectors: String
    /// A text file (one id per line) or a `.npy` of `<u8` or non-negative `<i8`. It takes precedence over ids in the
    /// safetensors file. Nil: the ids in the safetensors file.
    package var ids: String?
    /// Nil: numbers if every line of the file is a plain decimal, else text.
    package var idKind: IDKind?

    package init(vectors: String, ids: String? = nil, idKind: IDKind? = nil) {
        self.vectors = vectors
        self.ids = ids
        self.idKind = idKind
    }
}

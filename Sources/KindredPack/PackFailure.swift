import KindredDomain
import KindredModel
import KindredSystem

/// Why a version was not packed or reindexed. A failed pack publishes nothing.
package enum PackFailure: Error, Sendable, Equatable {
    /// Neither items nor users were given.
    case nothingToPack
    /// An input file has a fault.
    case input(FileFailure)
    /// The file of vectors has no ids, and no file of ids was given.
    case idsMissing(Side, vectors: String)
    /// `idsFile` is the file of vectors where the ids are inside.
    case idCount(Side, ids: Int, idsFile: String, vectors: Int, vectorsFile: String)
    /// An option needs a side that is not packed.
    case sideMissing(String, Side)
    case noRows(Side)
    case tooManyRows(Side, Int)
    case dimension(Side, Int)
    case dimensionsDiffer(items: Int, users: Int)
    /// Two sources name different trainings.
    case trainingsDiffer(String, of: String, other: String, ofOther: String)
    case trainingIDMalformed(String)
    /// Rows count from 0 in the order of the input.
    case duplicateID(Side, ExternalID, row: Int, other: Int)
    case notFinite(Side, ExternalID, row: Int, element: Int, value: Float)
    case normTooLarge(Side, ExternalID, row: Int, norm: Double)
    case zeroUnderCosine(Side, ExternalID, row: Int)
    /// The catalog could not be copied.
    case catalog(reason: String)
    /// The written files do not load: a fault of the packer or of the disk.
    case unloadable(FileFailure)
    /// The caller's check of the version refused it.
    case refused(reason: String)
    /// A system call failed.
    case system(call: String, path: String, code: Int32)
    case versionsExhausted(directory: String)
    /// Another process is reindexing this version.
    case reindexing(directory: String)
}

extension PackFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .nothingToPack:
            "nothing to pack: give vectors of items, of users, or of both"
        case .input(let failure):
            failure.description
        case .idsMissing(let side, let vectors):
            "no ids for \(side): \(vectors) has none inside, so give a file of ids (--\(side.singular)-ids)"
        case .idCount(let side, let ids, let idsFile, let vectors, let vectorsFile):
            "\(side): \(idsFile) has \(ids) ids, \(vectorsFile) \(vectors) vectors; wanted one id per vector"
        case .sideMissing(let option, let side):
            "\(option) without \(side): give --\(side) too"
        case .noRows(let side):
            "\(side): no rows, wanted at least 1"
        case .tooManyRows(let side, let rows):
            "\(side): \(rows) rows, wanted at most \(Limits.rowsMax)"
        case .dimension(let side, let dimension):
            "\(side): dimension \(dimension), wanted 1 to \(Limits.standard.dimensionMax)"
        case .dimensionsDiffer(let items, let users):
            "items have dimension \(items), users \(users): both sides of a model have the same"
        case .trainingsDiffer(let id, let source, let other, let otherSource):
            "training id \(FileFailure.quoted(id)) of \(source), but \(FileFailure.quoted(other)) of "
                + "\(otherSource): vectors of two trainings cannot be compared"
        case .trainingIDMalformed(let text):
            "training id \(FileFailure.quoted(text)), wanted \(TrainingID.rule)"
        case .duplicateID(let side, let id, let row, let other):
            "\(side): id \(TextIDRule.shown(id)) stands twice, in rows \(row) and \(other) of the input "
                + "(counted from 0), wanted once"
        case .notFinite(let side, let id, let row, let element, let value):
            "\(Self.place(side, id, row)): element \(element) is \(value), wanted a finite number"
        case .normTooLarge(let side, let id, let row, let norm):
            "\(Self.place(side, id, row)): norm \(norm), wanted at most 2^60"
        case .zeroUnderCosine(let side, let id, let row):
            "\(Self.place(side, id, row)): the zero vector, which has no direction; wanted another under cosine"
        case .catalog(let reason):
            "catalog: \(reason)"
        case .unloadable(let failure):
            "the version just written does not load: \(failure)"
        case .refused(let reason):
            reason
        case .system(let call, let path, let code):
            "\(call) \(path): \(SystemError.text(code))"
        case .versionsExhausted(let directory):
            "\(directory): no version number is left"
        case .reindexing(let directory):
            "\(directory): another process is writing its codes; wait for it to end"
        }
    }

    private static func place(_ side: Side, _ id: ExternalID, _ row: Int) -> String {
        "\(side): id \(TextIDRule.shown(id)), row \(row) of the input (counted from 0)"
    }
}

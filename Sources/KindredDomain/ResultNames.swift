/// Names that results have for themselves, beside the columns of a catalog.
package enum ResultNames {
    /// A catalog column of such a name cannot stand beside the id and the score of a result.
    package static let reserved: Set = ["id", "score"]
    /// What to do about such a column.
    package static let remedy = "give the column another name in the catalog and pack it again"
}

/// What a step of selecting the rows of an audience came to.
enum SelectionProgress {
    case working
    /// The units of this phase are for whoever has time.
    case scanning(any AudienceWork)
    /// Keys of rows, the best `count` of them wanted, which are to be sorted.
    case selected(AudienceSort, count: Int)
    /// The rows cannot be found in this way at a profit.
    case unsuitable
}

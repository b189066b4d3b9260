/// Who is wanted in an audience.
enum AudienceGoal {
    /// The best of the rows that may be in it; at most as many as there are.
    case best(Int)
    /// Every row that scores at least this.
    case scoring(atLeast: Float)
}

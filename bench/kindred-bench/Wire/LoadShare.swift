/// Which of several threads one is, and what of the whole it does. Of requests in turn it has every `count`th, from the
/// one of its own number on.
struct LoadShare: Sendable {
    /// All of it.
    static let whole = LoadShare(0, of: 1)

    /// From 0 on.
    let number: Int
    /// Threads.
    let count: Int

    init(_ number: Int, of count: Int) {
        precondition((0..<count).contains(number), "a thread of those that there are")
        self.number = number
        self.count = count
    }

    /// Of `whole` things that are dealt out as evenly as possible, how many are this thread's.
    func of(_ whole: Int) -> Int { whole / count + (number < whole % count ? 1 : 0) }
}

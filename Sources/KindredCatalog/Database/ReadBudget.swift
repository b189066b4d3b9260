import KindredDomain

/// What reading a catalog may take beside what its size allows: steps and time are for each byte (`Limits`).
package struct ReadBudget: Sendable {
    /// When reading begins: its time is counted from here.
    package var start: ContinuousClock.Instant
    /// Bytes of the columns made of one table.
    package var columnBytesMax: Int
    /// Ends reading at once.
    package var cancellation: Cancellation

    package init(
        start: ContinuousClock.Instant = .now, columnBytesMax: Int = Limits.catalogColumnBytesMax,
        cancellation: Cancellation = Cancellation()
    ) {
        self.start = start
        self.columnBytesMax = columnBytesMax
        self.cancellation = cancellation
    }

    /// Columns that a table is taken to have before they are counted.
    package static let columnCountUsual = 32

    /// Steps that a file of so many bytes may take with a table of so many columns. They fit: a file has at most 2^48
    /// bytes, a table 2,000 columns.
    package static func stepsMax(byteCount: Int, columnCount: Int = columnCountUsual) -> Int {
        // Of each entry some steps have to do with no column.
        Limits.catalogStepsMin
            + min(byteCount, 1 << 48) * Limits.catalogStepsPerByteAndColumnMax * (columnCount + 8)
    }

    /// Milliseconds that a file of so many bytes may take.
    package static func millisecondsMax(byteCount: Int) -> Int {
        Limits.catalogMillisecondsMin
            + (byteCount >> 20) * Limits.catalogMillisecondsPerMebibyteMax
    }
}

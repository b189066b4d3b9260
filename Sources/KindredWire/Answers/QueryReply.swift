/// How one query of a batch ended, as a client reads it.
package struct QueryReply: Sendable, Equatable {
    /// `StatusCode`'s number.
    package var status: UInt16 = 0
    /// `DetailCode`'s number.
    package var detail: UInt16 = 0
    /// Empty where the query was answered.
    package var message = ""
    /// The offending value, where it is a number; else 0.
    package var value: UInt64 = 0
    /// What would be right, where it is a number; else 0.
    package var limit: UInt64 = 0
    package var flags: QueryFlags = []
    package var rowsEligible: UInt64 = 0
    package var rowsScanned: UInt64 = 0

    package init() {}

    package var isAnswered: Bool { status == StatusCode.ok.rawValue }
}

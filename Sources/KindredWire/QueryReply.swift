/// How one query of a batch ended, as a client reads it.
package struct QueryReply: Sendable, Equatable {
    /// `StatusCode`'s number.
    package var status: UInt16 = 0
    /// `DetailCode`'s number.
    package var detail: UInt16 = 0
    /// Empty where the query was answered.
    package var message = ""
    package var flags: QueryFlags = []
    package var rowsEligible: UInt64 = 0
    package var rowsScanned: UInt64 = 0

    package init() {}

    package var isAnswered: Bool { status == StatusCode.ok.rawValue }
}

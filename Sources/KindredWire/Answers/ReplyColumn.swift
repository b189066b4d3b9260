import KindredDomain

/// The values of one wanted column, as a client reads them; their name is the request's.
package struct ReplyColumn: Sendable, Equatable {
    package var values: ResultValues
    /// One per result.
    package var present: [Bool]

    package init(values: ResultValues, present: [Bool]) {
        self.values = values
        self.present = present
    }
}

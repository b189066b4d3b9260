/// The kinds of queries, of which a request has one.
enum QueryKind: UInt8 {
    case user = 1
    case item = 2
    case vector = 3
    case basket = 4
}

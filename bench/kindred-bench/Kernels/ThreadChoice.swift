/// How many threads a figure is of.
enum ThreadChoice: String, CaseIterable, Encodable, Sendable {
    case one
    case all

    func count(of machine: Machine) -> Int { self == .one ? 1 : machine.coreCount }

    /// Without those that would measure the same twice.
    static func distinct(on machine: Machine) -> [ThreadChoice] {
        machine.coreCount > 1 ? [.one, .all] : [.one]
    }
}

/// What else happens while a request is on its way.
enum LoadPhase: Int, Sendable {
    /// Nothing.
    case steady
    /// The bench packs the next version and competes for the processors.
    case packing
    /// From a version's publication until it is active.
    case swapping
}

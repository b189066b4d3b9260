/// A phase of an expansion that is cut into units, which any thread may take.
package protocol AudienceWork: AnyObject, Sendable {
    /// Takes one unit and does it. False when none is left to take.
    func work(scratch: ScanScratch) -> Bool

    /// True once every unit is done, and what the units wrote may be read.
    var isComplete: Bool { get }
}

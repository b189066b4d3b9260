import Glibc
import KindredTerminal

/// How busy the machine is, this measurement included.
enum LoadAverage {
    /// Over the last minute, rounded for people; "unknown" where the system does not say.
    static var lastMinute: String {
        var loads = [0.0]
        return getloadavg(&loads, 1) == 1 ? loads[0].fixed(2) : "unknown"
    }
}

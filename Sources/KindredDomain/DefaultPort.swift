/// The port of a server for which none is named (SPEC.md, 2.1).
package enum DefaultPort {
    package static let number = 7411
}

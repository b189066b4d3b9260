/// What a section's payload is made of.
package enum ElementType: UInt8, Sendable, CaseIterable {
    case bytes = 0
    case u8 = 1
    case u16 = 2
    case u32 = 3
    case u64 = 4
    case i8 = 5
    case f16 = 6
    case bf16 = 7
    case f32 = 8
    case f64 = 9
    case utf8 = 10
    case i64 = 11

    /// Bytes of one element.
    package var byteCount: Int {
        switch self {
        case .bytes, .u8, .i8, .utf8: 1
        case .u16, .f16, .bf16: 2
        case .u32, .f32: 4
        case .u64, .f64, .i64: 8
        }
    }
}

/// A Swift type that fills a column of one element type.
protocol WireElement: BitwiseCopyable {
    static var elementType: ElementType { get }
}

extension UInt8: WireElement { static var elementType: ElementType { .u8 } }
extension UInt16: WireElement { static var elementType: ElementType { .u16 } }
extension UInt32: WireElement { static var elementType: ElementType { .u32 } }
extension UInt64: WireElement { static var elementType: ElementType { .u64 } }
extension Int64: WireElement { static var elementType: ElementType { .i64 } }
extension Float: WireElement { static var elementType: ElementType { .f32 } }
extension Double: WireElement { static var elementType: ElementType { .f64 } }

/// The exponential and the logarithm in a fixed sequence of float64 operations, so that every CPU and every system
/// gives the same bits. The error is below one unit in the last place.
///
/// The methods and coefficients are those of fdlibm (Sun Microsystems, 1993): the argument is reduced by multiples of
/// ln 2, which is taken in two parts, and a rational or polynomial approximation is evaluated on what is left.
package enum Exponential {
    /// ln 2 in two parts; multiples of the first by whole numbers up to 2^20 are exact.
    private static let ln2High = Double(bitPattern: 0x3FE6_2E42_FEE0_0000)
    private static let ln2Low = Double(bitPattern: 0x3DEA_39EF_3579_3C76)
    private static let inverseLn2 = Double(bitPattern: 0x3FF7_1547_652B_82FE)
    /// Added and subtracted, it rounds to a whole number, ties to even.
    private static let rounding = 0x1.8p52
    /// Above it, the exponential is infinite.
    private static let expMax = Double(bitPattern: 0x4086_2E42_FEFA_39EF)
    /// Below it, the exponential rounds to 0.
    private static let expMin = Double(bitPattern: 0xC087_4910_D52D_3051)

    /// e^x. NaN where x is.
    package static func exp(_ x: Double) -> Double {
        guard x <= expMax else { return x > expMax ? .infinity : x }
        guard x >= expMin else { return 0 }
        let multiple = (x * inverseLn2 + rounding) - rounding
        let high = x - multiple * ln2High
        let low = multiple * ln2Low
        let rest = high - low
        let square = rest * rest
        let p1 = Double(bitPattern: 0x3FC5_5555_5555_553E)
        let p2 = Double(bitPattern: 0xBF66_C16C_16BE_BD93)
        let p3 = Double(bitPattern: 0x3F11_566A_AF25_DE2C)
        let p4 = Double(bitPattern: 0xBEBB_BD41_C5D2_6BF1)
        let p5 = Double(bitPattern: 0x3E66_3769_72BE_A4D0)
        let series = rest - square * (p1 + square * (p2 + square * (p3 + square * (p4 + square * p5))))
        let value = 1 - ((low - (rest * series) / (2 - series)) - high)
        return scale(value, Int(multiple))
    }

    /// ln x. -∞ for 0, NaN below 0 and where x is.
    package static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        // A subnormal number becomes a normal one.
        let isSmall = x < .leastNormalMagnitude
        let bits = (isSmall ? x * 0x1p54 : x).bitPattern
        // The significand is in sqrt(1/2) to sqrt(2): bits above the first number below count as one more.
        let shifted = bits &+ (0x3FF0_0000_0000_0000 &- 0x3FE6_A09E_667F_3BCD)
        let exponent = Int(shifted >> 52) - 1_023 - (isSmall ? 54 : 0)
        let significand = Double(
            bitPattern: (shifted & 0x000F_FFFF_FFFF_FFFF) &+ 0x3FE6_A09E_667F_3BCD)
        let multiple = Double(exponent)
        let f = significand - 1
        let s = f / (2 + f)
        let z = s * s
        let w = z * z
        let l1 = Double(bitPattern: 0x3FE5_5555_5555_5593)
        let l2 = Double(bitPattern: 0x3FD9_9999_9997_FA04)
        let l3 = Double(bitPattern: 0x3FD2_4924_9422_9359)
        let l4 = Double(bitPattern: 0x3FCC_71C5_1D8E_78AF)
        let l5 = Double(bitPattern: 0x3FC7_4664_96CB_03DE)
        let l6 = Double(bitPattern: 0x3FC3_9A09_D078_C69F)
        let l7 = Double(bitPattern: 0x3FC2_F112_DF3E_5244)
        let even = w * (l2 + w * (l4 + w * l6))
        let odd = z * (l1 + w * (l3 + w * (l5 + w * l7)))
        let half = 0.5 * f * f
        return multiple * ln2High - ((half - (s * (half + (even + odd)) + multiple * ln2Low)) - f)
    }

    /// ln(1 + x) for x >= 0, also where 1 + x rounds to 1.
    package static func log1p(_ x: Double) -> Double {
        let sum = 1 + x
        guard sum > 1 else { return x }
        guard sum < .infinity else { return sum }
        // The second term is what the sum has lost.
        return log(sum) + (x - (sum - 1)) / sum
    }

    /// value * 2^exponent, rounded once; exponent is -1,075 to 1,024.
    private static func scale(_ value: Double, _ exponent: Int) -> Double {
        func power(_ exponent: Int) -> Double {
            Double(bitPattern: UInt64(truncatingIfNeeded: exponent + 1_023) << 52)
        }
        if exponent > 1_023 { return value * power(exponent - 1) * 2 }
        if exponent < -1_021 { return value * power(exponent + 1_000) * power(-1_000) }
        return value * power(exponent)
    }
}

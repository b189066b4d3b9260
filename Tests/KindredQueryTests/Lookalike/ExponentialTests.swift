import Foundation
import KindredQuery
import TestSupport
import Testing

/// The exponential and the logarithm against those of the system, whose error is little above half a unit.
@Suite struct ExponentialTests {
    /// How many float64 numbers two numbers of the same sign are apart.
    private func distance(_ a: Double, _ b: Double) -> Int64 {
        if a.isNaN && b.isNaN || a == b { return 0 }
        guard a.sign == b.sign, !a.isNaN, !b.isNaN else { return .max }
        return abs(Int64(bitPattern: a.bitPattern) - Int64(bitPattern: b.bitPattern))
    }

    @Test func exponentialsOfWideRanges() {
        var generator = SeededGenerator.announced()
        var greatest: Int64 = 0
        for _ in 0..<(isOptimised ? 20_000_000 : 1_000_000) {
            let range = [1e-300, 1e-10, 0.5, 1, 40, 750].randomElement(using: &generator)!
            let x = (2 * generator.uniform() - 1) * range
            let found = distance(Exponential.exp(x), exp(x))
            if found > 1 {
                Issue.record("e^\(x): \(Exponential.exp(x)), not \(exp(x))")
                return
            }
            greatest = max(greatest, found)
        }
        #expect(greatest <= 1)
    }

    @Test func exponentialsAtEdges() {
        #expect(Exponential.exp(0) == 1 && Exponential.exp(-0.0) == 1)
        #expect(Exponential.exp(.infinity) == .infinity && Exponential.exp(-.infinity) == 0)
        #expect(Exponential.exp(.nan).isNaN)
        let edges = [
            709.782712893384, 709.7827128933841, 710, -745.1332191019411, -745.1332191019412, -746, 1e308,
            -1e308,
            -708.3964185322641, -708.3964185322642, -744.4400719213812, 5e-324, 0.34657359027997264,
            0.3465735902799727, 1.0397207708399179, -0.34657359027997264, 2.2250738585072014e-308,
        ]
        for x in edges {
            #expect(distance(Exponential.exp(x), exp(x)) <= 1, "e^\(x)")
        }
        // Around each multiple of half of ln 2, where the reduction changes.
        for multiple in -2_160...2_050 {
            let x = Double(multiple) * 0.34657359027997264
            for near in [x.nextDown, x, x.nextUp] {
                #expect(distance(Exponential.exp(near), exp(near)) <= 1, "e^\(near)")
            }
        }
    }

    @Test func logarithmsOfWideRanges() {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 20_000_000 : 1_000_000) {
            let x: Double
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: x = Double(bitPattern: UInt64.random(in: 1..<0x7FF0_0000_0000_0000, using: &generator))
            case 1: x = 1 + (generator.uniform() - 0.5) * 1e-8
            case 2: x = 0.5 + generator.uniform()
            default: x = generator.uniform() * 1e6
            }
            guard distance(Exponential.log(x), log(x)) <= 1 else {
                Issue.record("ln \(x): \(Exponential.log(x)), not \(log(x))")
                return
            }
            let small = x < 1 ? x : 1 / x
            guard distance(Exponential.log1p(small), log1p(small)) <= 2 else {
                Issue.record("ln(1 + \(small)): \(Exponential.log1p(small)), not \(log1p(small))")
                return
            }
        }
    }

    @Test func logarithmsAtEdges() {
        #expect(Exponential.log(1) == 0 && Exponential.log1p(0) == 0)
        #expect(Exponential.log(0) == -.infinity && Exponential.log(-0.0) == -.infinity)
        #expect(Exponential.log(.infinity) == .infinity && Exponential.log1p(.infinity) == .infinity)
        #expect(Exponential.log(-1).isNaN && Exponential.log(.nan).isNaN)
        for exponent in -1_074...1_023 {
            let x = scalbn(1.0, exponent)
            for near in [x.nextDown, x, x.nextUp, x * 2.0.squareRoot(), x * 1.4142135623730951.nextUp]
            where near > 0 {
                #expect(distance(Exponential.log(near), log(near)) <= 1, "ln \(near)")
            }
        }
        for x in [5e-324, 1e-300, 1e-17, 0x1p-53, 0x1p-52, 1, 3, 1e300, Double.greatestFiniteMagnitude] {
            #expect(distance(Exponential.log1p(x), log1p(x)) <= 2, "ln(1 + \(x))")
        }
    }
}

import CEmulatedKernels
import CKindredKernels
import KindredKernels

/// A kernel under test: a kernel of this machine, or one that is compiled against emulated instructions.
enum ScanKernelVariant: Equatable, Sendable, CustomStringConvertible {
    case native(ScanKernel)
    case emulatedVNNI
    case emulatedAMX

    /// All variants that can run on this machine.
    static let all: [ScanKernelVariant] = {
        let native = ScanKernel.available.map { ScanKernelVariant.native($0) }
        #if arch(x86_64)
            return native + [.emulatedVNNI, .emulatedAMX]
        #else
            return native
        #endif
    }()

    var description: String {
        switch self {
        case .native(let kernel): kernel.name
        case .emulatedVNNI: "emulated vnni"
        case .emulatedAMX: "emulated amx"
        }
    }

    /// The greatest sum of the magnitudes of a quad of a query.
    var queryQuadMax: Int {
        #if arch(x86_64)
            switch self {
            case .native: break
            case .emulatedVNNI: return Int(kindred_emulated_vnni_quad_max())
            case .emulatedAMX: return Int(kindred_emulated_amx_quad_max())
            }
        #endif
        guard case .native(let kernel) = self else { return 0 }
        return kernel.quadMax
    }

    /// Whether it reads only the given blocks. AMX may read on into the block after them.
    var readsGivenBlocksOnly: Bool {
        switch self {
        case .native(let kernel): kernel.name != "amx"
        case .emulatedVNNI: true
        case .emulatedAMX: false
        }
    }

    /// Scans the blocks. Returns the number of hits; nil if the kernel leaves tiles in use.
    func scan(
        _ table: kindred_code_table, blocks: Range<Int>, queries: kindred_code_queries, queryCount: Int,
        into hits: UnsafeMutablePointer<kindred_code_hit>
    ) -> Int? {
        #if arch(x86_64)
            var table = table
            var queries = queries
            switch self {
            case .native: break
            case .emulatedVNNI:
                return kindred_emulated_vnni_scan(
                    &table, blocks.lowerBound, blocks.count, &queries, queryCount, hits)
            case .emulatedAMX:
                let found = kindred_emulated_amx_scan(
                    &table, blocks.lowerBound, blocks.count, &queries, queryCount, hits)
                return kindred_emulated_tiles_in_use() ? nil : found
            }
        #endif
        guard case .native(let kernel) = self else { return nil }
        return kernel.scan(table, blocks: blocks, queries: queries, count: queryCount, into: hits)
    }

    /// Writes the products of the blocks with the queries.
    func products(
        _ table: kindred_code_table, blocks: Range<Int>, queries: kindred_code_queries, queryCount: Int,
        into products: UnsafeMutablePointer<Int32>
    ) {
        #if arch(x86_64)
            var table = table
            var queries = queries
            switch self {
            case .native: break
            case .emulatedVNNI, .emulatedAMX:
                kindred_emulated_vnni_products(
                    &table, blocks.lowerBound, blocks.count, &queries, queryCount, products)
            }
        #endif
        guard case .native(let kernel) = self else { return }
        kernel.products(table, blocks: blocks, queries: queries, count: queryCount, into: products)
    }

    /// Keeps rows by the products that `products` has written. Returns the number of hits. `columns` are the blocks'
    /// bounds.
    func keep(
        _ products: UnsafePointer<Int32>, _ table: kindred_code_table, columns: UnsafePointer<BlockColumns>,
        blocks: Range<Int>, queries: kindred_code_queries, queryCount: Int,
        into hits: UnsafeMutablePointer<kindred_code_hit>
    ) -> Int? {
        #if arch(x86_64)
            var table = table
            var queries = queries
            switch self {
            case .native: break
            case .emulatedVNNI, .emulatedAMX:
                return kindred_emulated_vnni_keep(
                    &table, columns, blocks.lowerBound, blocks.count, &queries, queryCount, products, hits)
            }
        #endif
        guard case .native(let kernel) = self else { return nil }
        return kernel.keep(
            products, table, columns: columns, blocks: blocks, queries: queries, count: queryCount,
            into: hits)
    }
}

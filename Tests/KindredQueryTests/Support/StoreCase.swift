import KindredDomain
import KindredModel
import KindredQuery
import TestSupport

/// A small shop: items and users with attributes, and the items that each user has seen, all in plain values.
struct StoreCase {
    /// The attributes of an item or of a user. Nil is NULL.
    struct Item {
        var price: Int64?
        var kind: String?
        var tags: Set<String>
        var sold: Int64?
    }

    let rows: [[Float]]
    let users: [[Float]]
    /// The attributes of the items and of the users.
    let items: [Item]
    let visitors: [Item]
    /// The rows that each user has seen, ascending.
    let seen: [[UInt32]]
    let generation: Generation
    let foldIn: FoldInOracle

    static let kinds = ["bag", "candle", "mug", "plate", "toy"]
    static let tags = ["blue", "red", "sale"]

    init(using generator: inout SeededGenerator) throws {
        let dimension = [1, 3, 8, 17].randomElement(using: &generator)!
        let rowCount = [1, 7, 60, 400].randomElement(using: &generator)!
        let shape = [VectorShape.flat, .integers].randomElement(using: &generator)!
        func vectors(_ count: Int, _ generator: inout SeededGenerator) -> [[Float]] {
            shape.rows(count: count, dimension: dimension, using: &generator).map { row in
                // A row of norm 0 has no cosine, which other tests cover.
                row.allSatisfy { $0 == 0 } ? [1] + row.dropFirst() : row
            }
        }
        rows = vectors(rowCount, &generator)
        users = vectors([9, 9, 90].randomElement(using: &generator)!, &generator)
        let nulls = [0.0, 0.2].randomElement(using: &generator)!
        func item() -> Item {
            func value<Value>(_ value: Value) -> Value? { generator.uniform() < nulls ? nil : value }
            return Item(
                price: value(Int64.random(in: 0...9, using: &generator)),
                kind: value(Self.kinds.randomElement(using: &generator)!),
                tags: Set(Self.tags.filter { _ in Bool.random(using: &generator) }),
                sold: value(Int64.random(in: 0...20, using: &generator)))
        }
        items = rows.map { _ in item() }
        visitors = users.map { _ in item() }
        let share = [0.0, 0.1, 0.9].randomElement(using: &generator)!
        seen = users.map { _ in
            (0..<UInt32(rowCount)).filter { _ in generator.uniform() < share }
        }
        foldIn = FoldInOracle(rows: rows, alpha: 2, lambda: 1)
        generation = try Generation.sample(
            items: rows, users: users, metric: .dot, itemCatalog: Self.catalog(items),
            userCatalog: Self.catalog(visitors), seen: seen,
            popularityColumn: "sold", foldIn: FoldInParameters(alpha: 2, lambda: 1),
            filterCacheByteCount: [0, 1 << 20].randomElement(using: &generator)!)
    }

    private static func catalog(_ items: [Item]) -> CatalogColumns {
        func column(
            _ name: String, _ affinity: ColumnDeclaration.Affinity, _ values: CatalogValues, _ present: [Bool]
        ) -> CatalogColumn {
            var bits = Bitmap(count: present.count)
            for (row, isPresent) in present.enumerated() { bits[row] = isPresent }
            return CatalogColumn(
                name: name, values: values, present: bits, declaration: ColumnDeclaration(affinity))
        }
        var dictionary = TextList()
        for kind in kinds { dictionary.append(kind.utf8) }
        var offsets: [UInt32] = [0]
        var codes: [UInt32] = []
        for item in items {
            codes += tags.indices.filter { item.tags.contains(tags[$0]) }.map { UInt32($0) }
            offsets.append(UInt32(codes.count))
        }
        var texts = TextList()
        for tag in tags { texts.append(tag.utf8) }
        return CatalogColumns(
            columns: [
                column(
                    "price", .integer, .integers(items.map { $0.price ?? 0 }), items.map { $0.price != nil }),
                column(
                    "kind", .text,
                    .text(
                        codes: items.map { UInt32($0.kind.map { kinds.firstIndex(of: $0)! } ?? 0) },
                        dictionary: dictionary), items.map { $0.kind != nil }),
                column("sold", .integer, .integers(items.map { $0.sold ?? 0 }), items.map { $0.sold != nil }),
            ], idsWithoutVector: 0, rowsWithoutEntry: 0,
            sets: [
                CatalogSet(
                    name: "tags", affinity: .text, offsets: offsets, codes: codes,
                    values: SetValues(texts: texts), nullRows: nil, entriesWithoutRow: 0)
            ])
    }

    /// The vectors of a side.
    func rows(of side: Side) -> [[Float]] { side == .items ? rows : users }

    /// The attributes of a side.
    func attributes(of side: Side) -> [Item] { side == .items ? items : visitors }

    /// The items' popularity as the scores of an oracle for the vector [1].
    var popularity: Oracle {
        Oracle(rows: items.map { [$0.sold.map { Float($0) } ?? -Float.greatestFiniteMagnitude] })
    }

    /// The nearest of some items to an item: the greatest cosine as float32, of equal ones the least row.
    func nearest(_ own: [Int], to row: Int) -> Int? {
        func cosine(_ other: Int) -> Float {
            let (a, b) = (rows[row], rows[other])
            let score = Float(
                Oracle.sum(a, b) / (Oracle.sum(a, a).squareRoot() * Oracle.sum(b, b).squareRoot()))
            return score == 0 ? 0 : score
        }
        var best: (row: Int, score: Float)?
        for other in own.sorted() {
            let score = cosine(other)
            if best.map({ score > $0.score }) ?? true { best = (other, score) }
        }
        return best?.row
    }
}

/// A filter, the value of its name, and its meaning in plain code.
struct StoreFilter {
    let text: String
    let parameters: [FilterParameter]
    /// Whether an item passes, with the kind of the query's own item.
    let passes: (_ row: Int, _ item: StoreCase.Item, _ seedKind: String?) -> Bool

    /// A random filter. `name` is the name of its value, if it has one. `hasSeed`: it may name `seed.kind`.
    init(_ name: String, hasSeed: Bool, using generator: inout SeededGenerator) {
        let price = Int64.random(in: -1...11, using: &generator)
        let kind = StoreCase.kinds.randomElement(using: &generator)!
        let tag = (StoreCase.tags + ["none"]).randomElement(using: &generator)!
        switch Int.random(in: 0..<(hasSeed ? 8 : 7), using: &generator) {
        case 0:
            text = "price < :\(name)"
            parameters = [FilterParameter(name, .integer(price))]
            passes = { _, item, _ in item.price.map { $0 < price } ?? false }
        case 1:
            text = "NOT (price >= :\(name))"
            parameters = [FilterParameter(name, .real(Double(price) + 0.5))]
            passes = { _, item, _ in item.price.map { Double($0) < Double(price) + 0.5 } ?? false }
        case 2:
            text = "kind = '\(kind)' OR price IS NULL"
            parameters = []
            passes = { _, item, _ in item.kind == kind || item.price == nil }
        case 3:
            text = "kind <> :\(name) AND price BETWEEN 2 AND 7"
            parameters = [FilterParameter(name, .text(Array(kind.utf8)))]
            passes = { _, item, _ in
                item.kind.map { $0 != kind } ?? false && item.price.map { (2...7).contains($0) } ?? false
            }
        case 4:
            text = ":\(name) IN tags"
            parameters = [FilterParameter(name, .text(Array(tag.utf8)))]
            passes = { _, item, _ in item.tags.contains(tag) }
        case 5:
            text = "'\(tag)' NOT IN tags AND kind LIKE '%a%'"
            parameters = []
            passes = { _, item, _ in !item.tags.contains(tag) && item.kind?.contains("a") ?? false }
        case 6:
            text = "id >= 9 AND (kind IS NULL OR kind IN ('mug', 'toy', '\(kind)'))"
            parameters = []
            passes = { row, item, _ in
                row >= 3 && item.kind.map { ["mug", "toy", kind].contains($0) } ?? true
            }
        default:
            text = "kind = seed.kind"
            parameters = []
            passes = { _, item, seedKind in item.kind != nil && item.kind == seedKind }
        }
    }
}

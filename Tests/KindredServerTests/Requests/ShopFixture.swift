import GRDB
import KindredClient
import KindredDomain
import KindredPack
import TestSupport

/// A model of a small shop: raw data, and the version that is packed of it. Item i has the id `i07`, user u `u3`.
struct ShopFixture {
    static let dimension = 8
    static let name = ModelName("sample")!

    let folder: TemporaryFolder
    let parameters: FoldInParameters
    let items: [[Float]]
    let users: [[Float]]
    /// By item; nil is NULL.
    let prices: [Double?]
    let brands: [String?]
    let orders: [Int64?]
    let tags: [Set<String>]
    /// By user: rows of items.
    let seen: [Set<Int>]

    var oracle: Oracle { Oracle(rows: items) }

    static func item(_ row: Int) -> ExternalID { ExternalID("i" + String(String(100 + row).dropFirst())) }
    static func user(_ row: Int) -> ExternalID { ExternalID("u\(row)") }

    /// Packs a version with all that the rules need; `bare`: with the catalog alone.
    init(bare: Bool = false, itemCount: Int = 60, userCount: Int = 8) throws {
        var random = SeededGenerator.announced()
        folder = try TemporaryFolder()
        parameters = try FoldInParameters(alpha: 40, lambda: 0.5)
        items = VectorShape.flat.rows(count: itemCount, dimension: Self.dimension, using: &random)
        users = VectorShape.flat.rows(count: userCount, dimension: Self.dimension, using: &random)
        prices = (0..<itemCount).map { _ in [nil, 1.5, 4, 9.25].randomElement(using: &random)! }
        brands = (0..<itemCount).map { _ in [nil, "acme", "it's", "☕"].randomElement(using: &random)! }
        orders = (0..<itemCount).map { _ in [nil, 0, 5, 70].randomElement(using: &random)! }
        tags = (0..<itemCount).map { _ in Set(["gift", "new"].filter { _ in Bool.random(using: &random) }) }
        seen = (0..<userCount).map { user in
            Set((0..<(user == 0 ? 0 : 12)).map { _ in Int.random(in: 0..<itemCount, using: &random) })
        }
        try pack(bare: bare)
    }

    private func pack(bare: Bool) throws {
        func input(_ side: String, _ rows: [[Float]], _ id: (Int) -> ExternalID) throws -> PackInput {
            let ids = rows.indices.map { id($0).description }.joined(separator: "\n")
            return PackInput(
                vectors: try folder.write("\(side).npy", NpyBytes.floats(rows)),
                ids: try folder.write("\(side).txt", ids))
        }
        var packer = Packer(root: folder.file("models"), name: Self.name)
        packer.items = try input("items", items, Self.item)
        packer.users = try input("users", users, Self.user)
        packer.trainingID = "test"
        packer.catalog = catalog
        if !bare {
            let pairs = seen.enumerated().flatMap { user, rows in
                rows.sorted().map { "\(Self.user(user))\t\(Self.item($0))" }
            }
            packer.seen = try folder.write("seen.tsv", pairs.joined(separator: "\n"))
            packer.popularityColumn = "orders"
            packer.foldIn = parameters
        }
        _ = try packer.run()
    }

    private func catalog(_ path: String) throws -> [Side: [String]] {
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            try database.execute(
                sql: "CREATE TABLE items (id TEXT PRIMARY KEY, price REAL, brand TEXT, orders INTEGER)")
            try database.execute(sql: "CREATE TABLE items_tags (id TEXT, value TEXT)")
            for row in items.indices {
                let id = Self.item(row).description
                try database.execute(
                    sql: "INSERT INTO items VALUES (?, ?, ?, ?)",
                    arguments: [id, prices[row], brands[row], orders[row]])
                for tag in tags[row].sorted() {
                    try database.execute(sql: "INSERT INTO items_tags VALUES (?, ?)", arguments: [id, tag])
                }
            }
        }
        try queue.close()
        return [.items: ["price", "brand", "orders"], .users: []]
    }

    /// The nearest of some items to an item by cosine; equal ones by id.
    func nearest(to row: Int, among own: Set<Int>) -> ExternalID? {
        oracle.best(items[row], k: 1, similarity: .cosine) { own.contains($0) }.first.map {
            Self.item($0.row)
        }
    }
}

/// An id and the bits of its score.
struct ScoredID: Equatable {
    let id: ExternalID
    let score: UInt32

    init(_ row: (row: Int, score: Float)) {
        id = ShopFixture.item(row.row)
        score = row.score.bitPattern
    }

    init(_ result: Recommendation) {
        id = result.id
        score = result.score.bitPattern
    }
}

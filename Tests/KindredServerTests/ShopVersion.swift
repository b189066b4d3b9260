import GRDB
import KindredDomain
import KindredPack
import TestSupport

/// A version of a small shop: items with attributes, users with the items that they have seen. Ids are 0, 3, 6, ...
struct ShopVersion {
    let items: [[Float]]
    let users: [[Float]]
    /// By item.
    let prices: [Int]
    let kinds: [String]
    /// By user, the rows of the items.
    let seen: [[Int]]

    static let dimension = 8

    init(itemCount: Int = 300, userCount: Int = 12, using generator: inout SeededGenerator) {
        items = VectorShape.flat.rows(count: itemCount, dimension: Self.dimension, using: &generator)
        users = VectorShape.flat.rows(count: userCount, dimension: Self.dimension, using: &generator)
        prices = (0..<itemCount).map { _ in Int.random(in: 0..<100, using: &generator) }
        kinds = (0..<itemCount).map { _ in
            ["bag", "mug", "plate", "toy"].randomElement(using: &generator)!
        }
        seen = (0..<userCount).map { user in
            (0..<itemCount).filter { _ in user > 0 && generator.uniform() < 0.2 }
        }
    }

    static func id(_ row: Int) -> ExternalID { .number(UInt64(row * 3)) }
}

extension TemporaryFolder {
    /// Packs a version of the model "shop".
    func pack(_ shop: ShopVersion) throws {
        func input(_ side: String, _ rows: [[Float]]) throws -> PackInput {
            let ids = rows.indices.map { "\($0 * 3)" }.joined(separator: "\n")
            return PackInput(
                vectors: try write("\(side).npy", NpyBytes.floats(rows)), ids: try write("\(side).txt", ids))
        }
        var packer = Packer(root: file("models"), name: ModelName("shop")!)
        packer.items = try input("items", shop.items)
        packer.users = try input("users", shop.users)
        packer.trainingID = "test"
        packer.popularityColumn = "price"
        packer.foldIn = try FoldInParameters(alpha: 3, lambda: 2)
        let pairs = shop.seen.enumerated().flatMap { user, items in items.map { "\(user * 3)\t\($0 * 3)" } }
        packer.seen = try write("seen.txt", pairs.joined(separator: "\n"))
        packer.catalog = { path in
            let queue = try DatabaseQueue(path: path)
            try queue.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE items(id INTEGER PRIMARY KEY, price INTEGER, kind TEXT);
                        CREATE TABLE items_tags(id INTEGER, value TEXT);
                        """)
                for row in shop.items.indices {
                    try database.execute(
                        sql: "INSERT INTO items VALUES (?, ?, ?)",
                        arguments: [row * 3, shop.prices[row], shop.kinds[row]])
                    try database.execute(
                        sql: "INSERT INTO items_tags VALUES (?, ?)",
                        arguments: [row * 3, shop.prices[row] < 50 ? "cheap" : "dear"])
                }
            }
            try queue.close()
            return [.items: ["price", "kind"]]
        }
        _ = try packer.run()
    }
}

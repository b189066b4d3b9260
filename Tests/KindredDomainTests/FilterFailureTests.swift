import KindredDomain
import Testing

/// The messages of refused filters: the value, what would be right, and the place.
@Suite struct FilterFailureTests {
    private func message(_ reason: FilterFailure.Reason, at position: Int = 0, in text: String) -> String {
        FilterFailure(reason, at: position).description(in: text)
    }

    @Test func aMessageShowsValueAndPlace() {
        #expect(
            message(
                .syntax(found: "end of text", wanted: "a value after \"<\""), at: 14, in: "median_price <")
                == "expected a value after \"<\", found end of text: median_price <")
        #expect(
            message(.unsupported("\"||\"", wanted: ""), at: 2, in: "a || b")
                == "filters have no \"||\" at byte 2; they have comparisons, BETWEEN, IN, IS, LIKE, GLOB, AND, OR, "
                + "NOT, +, - and *: a || b")
        #expect(
            message(.unsupported("blobs", wanted: "write a text"), at: 0, in: "x'00'")
                == "filters have no blobs at byte 0 (write a text): x'00'")
        #expect(
            message(.unknownColumn("prce", known: ["price", "place", "id"]), in: "prce < 5")
                == "no column \"prce\" at byte 0; did you mean \"price\"? (known: price, place, id): prce < 5"
        )
        #expect(
            message(.unknownColumn("acme", known: ["brand", "id"]), at: 8, in: "brand = \"acme\"")
                == "no column \"acme\" at byte 8; a text stands in single quotes (known: brand, id): brand = \"acme\""
        )
        #expect(
            message(.unknownSet("x", known: []), at: 5, in: "1 IN x")
                == "no table of values \"x\" at byte 5; the catalog has none: 1 IN x")
        #expect(
            message(.missingValue("today", bound: ["from (an integer)"]), at: 4, in: "a > :today")
                == "no value for :today at byte 4; bound: from (an integer): a > :today")
        #expect(
            message(.unusedValue("tday", named: ["today"], type: "an integer"), in: "a > :today")
                == "an integer is bound to :tday, which is not in the filter; it has :today: a > :today")
        #expect(
            message(.syntax(found: "\"a\n\u{1B}b\"", wanted: "a value"), at: 0, in: "")
                == "expected a value, found \"a \u{FFFD}b\" at byte 0")
        #expect(
            message(.valueWithoutFilter("u", type: "an integer"), in: "")
                == "an integer is bound to :u, and there is no filter: expected a filter that has it, or no value"
        )
        #expect(
            message(.setAsColumn("tags", ofSeed: false), at: 8, in: "1 = 1 OR tags = 'x'")
                == "at byte 8, \"tags\" is a table of values: write 'x' IN tags: 1 = 1 OR tags = 'x'")
        #expect(
            message(.incomparableColumn("size", because: "it has blobs"), at: 2, in: "a=size")
                == "at byte 2, the column \"size\" cannot be compared: it has blobs: a=size")
        #expect(
            message(.incomparableCap("size", because: "it has blobs"), in: "")
                == "the column \"size\" of a cap cannot be compared: it has blobs")
        #expect(message(.tooDeep(limit: 64), at: 64, in: "").hasPrefix("nested more than 64 deep"))
    }

    @Test func everyMessageFits() {
        let long = String(repeating: "\u{1F381}", count: 5_000)
        let names = (0..<300).map { "\(String(repeating: "n", count: 120))\($0)" }
        let reasons: [FilterFailure.Reason] = [
            .syntax(found: long, wanted: "a value after \"\(String(repeating: "x", count: 60))\""),
            .unsupported(long, wanted: "write it otherwise"), .unknownColumn(long, known: names),
            .unknownSet(long, known: names), .incomparableColumn(long, because: "it has blobs"),
            .incomparableCap(long, because: "it has blobs"), .valueWithoutFilter(long, type: "an integer"),
            .missingValue(long, bound: names), .unusedValue(long, named: names), .repeatedValue(long),
            .tooLong(bytes: .max, limit: .max), .tooManyNodes(limit: .max), .tooManyValues(.max, limit: .max),
            .seedWithoutRow, .empty, .setAsColumn(long, ofSeed: false), .columnAsSet(long),
        ]
        for reason in reasons {
            for position in [-1, 0, 7, 10_000, 20_000, .max] {
                let message = message(reason, at: position, in: long)
                #expect(message.utf8.count <= Int(Limits.standard.messageBytesMax), "\(message)")
                #expect(message.split(separator: "\n").count == 1)
            }
        }
    }

    @Test func anExcerptHasWholeCharactersAndIsOneLine() {
        #expect(TextExcerpt(of: "a = 5", around: 2).text == "a = 5")
        #expect(TextExcerpt(of: "a\n=\t5\u{1B}[", around: 0).text == "a = 5\u{FFFD}[")
        let text = String(repeating: "é", count: 100)
        for place in 0...200 {
            let excerpt = TextExcerpt(of: text, around: place).text
            #expect(excerpt.contains("é") && !excerpt.contains("\u{FFFD}"))
            #expect(excerpt.hasPrefix("…") || excerpt.hasSuffix("…"))
            #expect(excerpt.utf8.count <= TextExcerpt.bytesMax + 6)
        }
        let place = TextExcerpt(
            of: String(repeating: "a ", count: 50) + "HERE" + String(repeating: " b", count: 50), around: 100)
        #expect(place.text.contains("HERE"))
    }

    @Test func nearNamesComeFirst() {
        let names = ["zebra", "price", "prices", "Prize", "id"]
        #expect(NearNames.sorted(names, near: "prce") == ["price", "Prize", "prices", "id", "zebra"])
        #expect(NearNames.guess(["price"], for: "PRICE") == "price")
        #expect(NearNames.guess(["price"], for: "colour") == nil)
        #expect(NearNames.distance("kitten", "sitting") == 3)
        #expect(NearNames.distance("", "abc") == 3)
        #expect(NearNames.distance(String(repeating: "a", count: 1_000), "a") == 63)
    }
}

import ArgumentParser
import KindredClient
import KindredDomain
import KindredServer

/// The value of an option or argument, read once from its text.
///
/// What is wrong with the text is thrown where a command checks its options. Thrown while they are read, it would stand
/// behind words of the parser's own.
struct ParsedValue<Value: Sendable>: Sendable, CustomStringConvertible {
    /// The text.
    let description: String
    private let reading: Result<Value, ValidationError>

    /// Reads a text.
    init(_ text: String, _ read: (String) throws(ValidationError) -> Value) {
        description = text
        do throws(ValidationError) {
            reading = .success(try read(text))
        } catch {
            reading = .failure(error)
        }
    }

    /// Throws what is wrong with the text.
    var value: Value {
        get throws(ValidationError) { try reading.get() }
    }
}

extension ParsedValue where Value == ModelName {
    /// The name of a model, which an option or argument gives.
    static func modelName(_ option: String) -> @Sendable (String) -> Self {
        { text in
            Self(text) { text throws(ValidationError) in
                guard let name = ModelName(text) else {
                    throw ValidationError("\(option) \(text): a model's name has the form \(ModelName.rule)")
                }
                return name
            }
        }
    }
}

extension ParsedValue where Value == Endpoint {
    /// The address of a server that nobody told another one.
    static var defaultAddress: String { "127.0.0.1:\(ServerConfiguration.defaultPort)" }

    /// The address that an option gives.
    static func address(_ option: String, examples: String = defaultAddress) -> @Sendable (String) -> Self {
        { text in
            Self(text) { text throws(ValidationError) in
                guard let endpoint = Endpoint(text) else {
                    let port = text.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
                    if let number = ExternalID.plainDecimal(Array(port.utf8)), number > UInt16.max {
                        throw ValidationError("\(option) \(text): port \(port), at most \(UInt16.max)")
                    }
                    throw ValidationError("\(option) \(text): HOST:PORT, such as \(examples)")
                }
                return endpoint
            }
        }
    }
}

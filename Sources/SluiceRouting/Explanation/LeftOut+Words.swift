import SluiceTypes

extension LeftOut: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable: "does not answer"
        case .lacks(let numbers):
            "lacks capability " + numbers.map { Capability(rawValue: $0).map { "\($0)" } ?? "\($0)" }.joined(separator: ", ")
        case .lacksModel(let model): "has no model '\(model)'"
        case .tooExpensive(let price): "costs \(price) wei per pixel"
        case .gpuClass(let known): known.map { "has a GPU of class \($0)" } ?? "does not tell its GPU"
        case .region(let region): region.map { "is in region \($0)" } ?? "does not tell its region"
        case .ejected: "ejected after faults"
        case .suspect: "had a fault, or was overtaken, a moment ago"
        case .halfOpen: "was ejected and has not been tried since"
        case .full(let limit): "is full (\(limit))"
        case .late(let predicted): "would be late (\((predicted * 10_000).rounded() / 10) ms predicted)"
        case .tried: "has this segment already"
        case .unfit(let why): why
        }
    }
}

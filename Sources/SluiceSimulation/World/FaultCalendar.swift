/// When the faults of one orchestrator begin and end, in nanoseconds.
struct FaultCalendar {
    struct Occurrence {
        /// Place in the orchestrator's list of faults.
        var fault: Int
        var span: Range<Int64>
    }

    let faults: [FaultModel]

    /// The first beginning after `moment`, or at it.
    func occurrence(of fault: Int, notBefore moment: Int64) -> Occurrence? {
        let model = faults[fault]
        var begin = nanoseconds(model.at)
        if begin < moment {
            guard let every = model.every else { return nil }
            let period = nanoseconds(every)
            begin += (moment - begin + period - 1) / period * period
        }
        let end = model.lasts.map { begin + nanoseconds($0) } ?? Int64.max
        return Occurrence(fault: fault, span: begin..<end)
    }

    /// All that begin before `horizon`.
    func occurrences(before horizon: Int64) -> [Occurrence] {
        var found: [Occurrence] = []
        for fault in faults.indices {
            var next = occurrence(of: fault, notBefore: 0)
            while let occurrence = next, occurrence.span.lowerBound < horizon {
                found.append(occurrence)
                next = self.occurrence(of: fault, notBefore: occurrence.span.lowerBound + 1)
            }
        }
        return found
    }

    /// What stalls and slow spells make of the orchestrator's own time.
    func pace(before horizon: Int64) -> Pace {
        Pace(
            occurrences(before: horizon).compactMap { occurrence in
                switch faults[occurrence.fault].kind {
                case .stall: (occurrence.span, 0)
                case .slow(let factor): (occurrence.span, 1 / factor)
                case .crash, .crashDuring, .busy, .capped, .halfAnswer, .wrongBytes, .price, .refuseTokens, .loss, .pictures: nil
                }
            })
    }
}

/// What the faults that are under way make of an orchestrator. Stalls and slow spells are in its `Pace`.
struct Condition {
    var isDown = false
    var isBusy = false
    var isCapped = false
    var refusesTokens = false
    var halfAnswers = 0.0
    var wrongBytes = 0.0
    var loss = 0.0
    var priceFactor = 1.0
    var picture: FaultModel.Picture?
    /// The fault that waits for a segment in this stage.
    var armed: (stage: FaultModel.Stage, fault: Int)?

    /// - Parameters:
    ///   - active: the faults under way, by place in `faults`.
    ///   - sprung: those that waited for a stage and have crashed it since.
    init(_ faults: [FaultModel], active: [Bool], sprung: [Bool], baseLoss: Double) {
        loss = baseLoss
        for (place, fault) in faults.enumerated() where active[place] {
            switch fault.kind {
            case .stall, .slow: break
            case .crash: isDown = true
            case .crashDuring(let stage):
                if sprung[place] { isDown = true } else if armed == nil { armed = (stage, place) }
            case .busy: isBusy = true
            case .capped: isCapped = true
            case .halfAnswer(let share): halfAnswers = Self.either(halfAnswers, share)
            case .wrongBytes(let share): wrongBytes = Self.either(wrongBytes, share)
            case .price(let factor): priceFactor *= factor
            case .refuseTokens: refusesTokens = true
            case .loss(let share): loss = Self.either(loss, share)
            case .pictures(let sort): picture = picture ?? sort
            }
        }
    }

    /// The chance of one or the other, or both.
    private static func either(_ one: Double, _ other: Double) -> Double { 1 - (1 - one) * (1 - other) }
}

/// Seconds of a scenario, exact to the nanosecond.
func nanoseconds(_ seconds: Double) -> Int64 { Int64((seconds * 1e9).rounded()) }

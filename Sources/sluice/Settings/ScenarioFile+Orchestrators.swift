import SluiceSimulation

/// One orchestrator, or several that are alike, of a scenario file.
extension ScenarioFile {
    private enum OrchestratorKey: String, YAMLKey {
        case name, count, region, gpu, price, service, network, faults, diurnalLoad, diurnalPeriod
        case operatorName = "operator"
    }

    private enum ServiceKey: String, YAMLKey {
        case pixelsPerSecond, fixed, jitter, tailShare, tailFactor, coldStart, lanes, sessions, queuedPerSession
    }

    private enum NetworkKey: String, YAMLKey { case roundTrip, jitter, bandwidth, loss }

    private enum FaultKey: String, YAMLKey {
        case kind, at, every, during, factor, share, show
        case lasts = "for"
    }

    /// The kinds of fault as the file names them.
    private enum FaultName: String, CaseIterable {
        case stall, crash, slow, busy, capped, halfAnswer, wrongBytes, price, refuseTokens, loss, pictures

        /// The key besides those of every fault that this kind reads.
        var parameter: FaultKey? {
            switch self {
            case .crash: .during
            case .slow, .price: .factor
            case .halfAnswer, .wrongBytes, .loss: .share
            case .pictures: .show
            case .stall, .busy, .capped, .refuseTokens: nil
            }
        }
    }

    static func orchestrator(_ value: YAMLValue) throws -> OrchestratorModel {
        let table = try value.table(OrchestratorKey.self)
        var model = OrchestratorModel(name: try name(table.required(.name)))
        try table.read(.count, into: &model.count)
        model.operatorName = try table[.operatorName]?.text()
        model.region = try table[.region]?.text()
        model.gpu = try table[.gpu]?.text()
        try table.read(.price, into: &model.price, as: .number)
        if let service = table[.service] { model.service = try Self.service(service) }
        if let network = table[.network] { model.network = try Self.network(network) }
        if let faults = table[.faults] { model.faults = try faults.list(of: "faults, like {kind: stall, at: 30s, for: 10s},").map(fault) }
        try table.read(.diurnalLoad, into: &model.diurnalLoad, as: .share)
        try table.read(.diurnalPeriod, into: &model.diurnalPeriod, as: .duration)
        return model
    }

    /// It stands in tables, plots and JSON.
    private static func name(_ value: YAMLValue) throws -> String {
        let text = try value.text(longest: 64)
        guard text.allSatisfy({ $0.isLetter || $0.isNumber || "-_.:/".contains($0) }) else {
            throw value.complaint("a name of letters, digits, '-', '_', '.', ':' and '/' is right")
        }
        return text
    }

    private static func service(_ value: YAMLValue) throws -> ServiceModel {
        let table = try value.table(ServiceKey.self)
        var model = ServiceModel()
        try table.read(.pixelsPerSecond, into: &model.pixelsPerSecond, as: .pixelRate)
        try table.read(.fixed, into: &model.fixed, as: .duration)
        try table.read(.jitter, into: &model.jitter, as: .number)
        try table.read(.tailShare, into: &model.tailShare, as: .share)
        try table.read(.tailFactor, into: &model.tailFactor, as: .number)
        try table.read(.coldStart, into: &model.coldStart, as: .duration)
        try table.read(.lanes, into: &model.lanes)
        try table.read(.sessions, into: &model.sessions)
        try table.read(.queuedPerSession, into: &model.queuedPerSession)
        return model
    }

    private static func network(_ value: YAMLValue) throws -> NetworkModel {
        let table = try value.table(NetworkKey.self)
        var model = NetworkModel()
        try table.read(.roundTrip, into: &model.roundTrip, as: .duration)
        try table.read(.jitter, into: &model.jitter, as: .number)
        try table.read(.bandwidth, into: &model.bandwidth, as: .bitRate)
        try table.read(.loss, into: &model.loss, as: .share)
        return model
    }

    private static func fault(_ value: YAMLValue) throws -> FaultModel {
        let table = try value.table(FaultKey.self)
        let name = try table.required(.kind).choice(FaultName.self)
        for key in [FaultKey.during, .factor, .share, .show] where key != name.parameter {
            guard let stray = table[key] else { continue }
            let own = name.parameter.map { "; its own key is '\($0.rawValue)'" } ?? ""
            throw stray.complaint("'\(key.rawValue)' says nothing about the kind '\(name.rawValue)'\(own)")
        }
        var fault = FaultModel(try kind(name, table), at: try table.required(.at).quantity(.duration))
        fault.lasts = try table[.lasts]?.quantity(.duration)
        fault.every = try table[.every]?.quantity(.duration)
        return fault
    }

    private static func kind(_ name: FaultName, _ table: YAMLTable<FaultKey>) throws -> FaultModel.Kind {
        switch name {
        case .stall: .stall
        case .crash:
            if let during = table[.during] { .crashDuring(try during.choice(FaultModel.Stage.self)) } else { .crash }
        case .slow: .slow(factor: try table.required(.factor).quantity(.number))
        case .busy: .busy
        case .capped: .capped
        case .halfAnswer: .halfAnswer(share: try share(table))
        case .wrongBytes: .wrongBytes(share: try share(table))
        case .price: .price(factor: try table.required(.factor).quantity(.number))
        case .refuseTokens: .refuseTokens
        case .loss: .loss(share: try share(table))
        case .pictures: .pictures(try table.required(.show).choice(FaultModel.Picture.self))
        }
    }

    /// Without the key, all of them.
    private static func share(_ table: YAMLTable<FaultKey>) throws -> Double {
        try table[.share]?.quantity(.share) ?? 1
    }
}

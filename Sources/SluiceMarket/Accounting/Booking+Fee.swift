package import SluiceTypes

extension Booking {
    /// Units × price, to the fraction; nothing where nothing is asked.
    package var fee: WeiSum { price.map { WeiSum(units: units, at: $0) } ?? WeiSum() }
}

extension UsageLine {
    package var fee: WeiSum { price.map { WeiSum(units: units, at: $0) } ?? WeiSum() }
}

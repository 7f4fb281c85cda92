/// Units of work that is sold by time: seconds since the last debit, begun ones whole (specs/payments §7.2, byoc §3).
package enum SessionTime {
    package static func units(milliseconds: Int64) -> Int64 { max(0, (milliseconds + 999) / 1000) }
}

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Nanoseconds since 1970 by the machine's clock; for stamps that leave the process, never for measuring.
package func wallClockNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

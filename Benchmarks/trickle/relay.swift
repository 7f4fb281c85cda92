// Publishes stamped chunks to a trickle server and reads them back as many subscribers, all on one thread, and prints how long each
// chunk took from the first byte sent to its last byte read. Usage: relay PORT CHANNEL SUBSCRIBERS CHUNKS CHUNKS-OF-A-SEGMENT
//
// Publisher and subscribers use the protocol as its clients do: two connections each, on one of which the next segment is announced, or
// asked for, while the current one runs on the other. What it needs itself to read the subscribers' sockets one after another is in the
// figures: the truth is better, never worse.
import Glibc

let chunkSize = 12_500
/// 10 Mbit/s.
let interval: UInt64 = 10_000_000
func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

func fail(_ text: String) -> Never {
    fputs("relay: \(text)\n", stderr)
    exit(1)
}

func connect(to port: UInt16) -> Int32 {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard result == 0 else { fail("cannot connect to port \(port)") }
    var yes: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    return socket
}

func send(_ bytes: [UInt8], to socket: Int32) {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { fail("the server took no more") }
        sent += count
    }
}

/// One connection of a subscriber: undoes the chunked framing of its answers and counts the bytes of their bodies.
struct Line {
    enum Place { case head, size, body, bodyEnd, end }

    let socket: Int32
    var place = Place.head
    var left = 0
    var matched = 0
    /// A request has been made that is not answered to its end.
    var isAsked = false

    init(to port: UInt16) { socket = connect(to: port) }

    mutating func ask(_ channel: String, _ segment: Int) {
        send(Array("GET \(channel)/\(segment) HTTP/1.1\r\nHost: x\r\n\r\n".utf8), to: socket)
        isAsked = true
    }

    /// - Returns: bytes of the body in it, and whether it has the end of an answer's head.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) -> (received: Int, hasBegun: Bool) {
        var (index, received, hasBegun) = (0, 0, false)
        while index < bytes.count {
            switch place {
            case .head:
                let wanted: [UInt8] = [13, 10, 13, 10]
                matched = bytes[index] == wanted[matched] ? matched + 1 : (bytes[index] == 13 ? 1 : 0)
                if matched == 4 { (place, matched, hasBegun) = (.size, 0, true) }
                index += 1
            case .size:
                let byte = bytes[index]
                if byte == 10 {
                    if left > 0 { place = .body } else { (place, left) = (.end, 2) }
                } else if byte != 13 {
                    left = left * 16 + Int(byte < 58 ? byte - 48 : (byte | 32) - 87)
                }
                index += 1
            case .body:
                let count = min(left, bytes.count - index)
                received += count
                left -= count
                index += count
                if left == 0 { (place, left) = (.bodyEnd, 2) }
            case .bodyEnd, .end:
                left -= 1
                index += 1
                if left == 0 {
                    if place == .end { isAsked = false }
                    place = place == .end ? .head : .size
                }
            }
        }
        return (received, hasBegun)
    }
}

struct Subscriber {
    var lines: [Line]
    var received = 0
    var chunks = 0
    /// The segment to ask for next, and whether that is due.
    var next = 1
    var isDue = false
}

guard CommandLine.arguments.count == 6, let port = UInt16(CommandLine.arguments[1]), let count = Int(CommandLine.arguments[3]),
    let chunks = Int(CommandLine.arguments[4]), let perSegment = Int(CommandLine.arguments[5]), perSegment > 1
else { fail("PORT CHANNEL SUBSCRIBERS CHUNKS CHUNKS-OF-A-SEGMENT") }
let channel = CommandLine.arguments[2]
/// Not counted: the first chunks find sockets and buffers that are still small; and until the channel's window is full, a server takes new
/// memory for each chunk, which one that has run for a while does not.
let settling = perSegment < chunks ? 7 * perSegment : 50

let publishers = [connect(to: port), connect(to: port)]
func announce(_ segment: Int) {
    let socket = publishers[segment % 2]
    // What it was answered before.
    var rest = [UInt8](repeating: 0, count: 4096)
    while recv(socket, &rest, rest.count, Int32(MSG_DONTWAIT)) > 0 {}
    send(
        Array("POST \(channel)/\(segment) HTTP/1.1\r\nHost: x\r\nContent-Type: video/MP2T\r\nTransfer-Encoding: chunked\r\n\r\n".utf8),
        to: socket)
}
announce(0)
usleep(200_000)
var polled: [pollfd] = []
var subscribers: [Subscriber] = []
for _ in 0..<count {
    var lines = perSegment < chunks ? [Line(to: port), Line(to: port)] : [Line(to: port)]
    lines[0].ask(channel, 0)
    polled += lines.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
    subscribers.append(Subscriber(lines: lines))
}
usleep(500_000)

let width = polled.count / count
let chunk = Array("\(String(chunkSize, radix: 16))\r\n".utf8) + [UInt8](repeating: 0x47, count: chunkSize) + [13, 10]
var sent: [UInt64] = []
var delays: [UInt64] = []
var whole = 0
var buffer = [UInt8](repeating: 0, count: 1 << 16)
let start = now()
while whole < chunks * count {
    let due = start + UInt64(sent.count) * interval
    let time = now()
    if sent.count < chunks, time >= due {
        let (segment, place) = sent.count.quotientAndRemainder(dividingBy: perSegment)
        sent.append(time)
        send(chunk, to: publishers[segment % 2])
        if place == perSegment / 2, (segment + 1) * perSegment < chunks { announce(segment + 1) }
        if place == perSegment - 1 { send(Array("0\r\n\r\n".utf8), to: publishers[segment % 2]) }
    }
    if time > start + UInt64(chunks) * interval + 5_000_000_000 { fail("\(chunks * count - whole) chunks did not come") }
    // A chunk may go out a little late; it counts from when it does.
    let wait = sent.count < chunks ? (max(0, Int64(start + UInt64(sent.count) * interval) - Int64(now())) + 999_999) / 1_000_000 : 100
    guard poll(&polled, nfds_t(polled.count), Int32(wait)) > 0 else { continue }
    for index in polled.indices where polled[index].revents != 0 {
        let (place, line) = index.quotientAndRemainder(dividingBy: width)
        let got = recv(polled[index].fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard got > 0 else { if got < 0, errno == EAGAIN { continue } else { fail("a subscriber was cut off") } }
        let (received, hasBegun) = buffer.withUnsafeBytes {
            subscribers[place].lines[line].consume(UnsafeRawBufferPointer(rebasing: $0[..<got]))
        }
        let time = now()
        subscribers[place].received += received
        while subscribers[place].received >= (subscribers[place].chunks + 1) * chunkSize {
            let number = subscribers[place].chunks
            subscribers[place].chunks += 1
            whole += 1
            if number >= settling { delays.append(time - sent[number]) }
        }
        if width == 1 { continue }
        if hasBegun { subscribers[place].isDue = true }
        let idle = subscribers[place].next % 2
        if subscribers[place].isDue, !subscribers[place].lines[idle].isAsked {
            subscribers[place].lines[idle].ask(channel, subscribers[place].next)
            subscribers[place].next += 1
            subscribers[place].isDue = false
        }
    }
}
delays.sort()
func milliseconds(_ share: Double) -> Double { Double(delays[min(delays.count - 1, Int(share * Double(delays.count)))]) / 1e6 }
print(milliseconds(0.5), milliseconds(0.99), milliseconds(1), delays.count)

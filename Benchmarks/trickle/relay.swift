// Publishes stamped chunks to a trickle server and reads them back as many subscribers, all on one thread, and prints how long each
// chunk took from the first byte sent to its last byte read. Usage: relay PORT CHANNEL SUBSCRIBERS CHUNKS
//
// What it needs itself to read the subscribers' sockets one after another is in the figures: the truth is better, never worse.
import Glibc

let chunkSize = 12_500
/// 10 Mbit/s.
let interval: UInt64 = 10_000_000
/// Not counted: the first chunks find sockets and buffers that are still small.
let settling = 50

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

/// Undoes the chunked framing of one answer and counts the bytes of its body.
struct Subscriber {
    enum Place { case head, size, body, end }

    let socket: Int32
    var place = Place.head
    var left = 0
    var matched = 0
    var received = 0
    var chunks = 0

    mutating func consume(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count {
            switch place {
            case .head:
                let wanted: [UInt8] = [13, 10, 13, 10]
                matched = bytes[index] == wanted[matched] ? matched + 1 : (bytes[index] == 13 ? 1 : 0)
                if matched == 4 { place = .size }
                index += 1
            case .size:
                let byte = bytes[index]
                if byte == 10 {
                    place = .body
                } else if byte != 13 {
                    left = left * 16 + Int(byte < 58 ? byte - 48 : (byte | 32) - 87)
                }
                index += 1
            case .body:
                let count = min(left, bytes.count - index)
                received += count
                left -= count
                index += count
                if left == 0 { (place, left) = (.end, 2) }
            case .end:
                left -= 1
                index += 1
                if left == 0 { place = .size }
            }
        }
    }
}

guard CommandLine.arguments.count == 5, let port = UInt16(CommandLine.arguments[1]), let count = Int(CommandLine.arguments[3]),
    let chunks = Int(CommandLine.arguments[4])
else { fail("PORT CHANNEL SUBSCRIBERS CHUNKS") }
let channel = CommandLine.arguments[2]

let publisher = connect(to: port)
send(
    Array("POST \(channel)/0 HTTP/1.1\r\nHost: x\r\nContent-Type: video/MP2T\r\nTransfer-Encoding: chunked\r\n\r\n".utf8),
    to: publisher)
usleep(200_000)
var polled: [pollfd] = []
var subscribers: [Subscriber] = []
for _ in 0..<count {
    let socket = connect(to: port)
    send(Array("GET \(channel)/0 HTTP/1.1\r\nHost: x\r\n\r\n".utf8), to: socket)
    polled.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0))
    subscribers.append(Subscriber(socket: socket))
}
usleep(500_000)

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
        sent.append(time)
        send(chunk, to: publisher)
    }
    if time > start + UInt64(chunks) * interval + 5_000_000_000 { fail("\(chunks * count - whole) chunks did not come") }
    // A chunk may go out a little late; it counts from when it does.
    let wait = sent.count < chunks ? (max(0, Int64(start + UInt64(sent.count) * interval) - Int64(now())) + 999_999) / 1_000_000 : 100
    guard poll(&polled, nfds_t(polled.count), Int32(wait)) > 0 else { continue }
    for index in polled.indices where polled[index].revents != 0 {
        let got = recv(subscribers[index].socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard got > 0 else { if got < 0, errno == EAGAIN { continue } else { fail("a subscriber was cut off") } }
        buffer.withUnsafeBytes { subscribers[index].consume(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
        let time = now()
        while subscribers[index].received >= (subscribers[index].chunks + 1) * chunkSize {
            let number = subscribers[index].chunks
            subscribers[index].chunks += 1
            whole += 1
            if number >= settling { delays.append(time - sent[number]) }
        }
    }
}
send(Array("0\r\n\r\n".utf8), to: publisher)
delays.sort()
func milliseconds(_ share: Double) -> Double { Double(delays[min(delays.count - 1, Int(share * Double(delays.count)))]) / 1e6 }
print(milliseconds(0.5), milliseconds(0.99), milliseconds(1), delays.count)

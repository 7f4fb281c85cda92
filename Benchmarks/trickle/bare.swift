// The least a relay can do, as the peer of trickle's figures: one thread that reads what the publisher sends and writes it, as it came, to
// all who asked for it. No numbers, no window, no limits, no second publisher. Usage: bare PORT
import Glibc

func fail(_ text: String) -> Never {
    fputs("bare: \(text)\n", stderr)
    exit(1)
}

guard CommandLine.arguments.count == 2, let port = UInt16(CommandLine.arguments[1]) else { fail("PORT") }
let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
var yes: Int32 = 1
setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
var address = sockaddr_in()
address.sin_family = sa_family_t(AF_INET)
address.sin_port = port.bigEndian
address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
let bound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
}
guard bound == 0, listen(listener, 128) == 0 else { fail("cannot listen on port \(port)") }

var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
let head = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
var publisher: Int32 = -1
var subscribers: [Int32] = []
var buffer = [UInt8](repeating: 0, count: 1 << 16)
while true {
    guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
    for ready in polled where ready.revents != 0 {
        let socket = ready.fd
        if socket == listener {
            let accepted = accept(listener, nil, nil)
            setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
            polled.append(pollfd(fd: accepted, events: Int16(POLLIN), revents: 0))
            continue
        }
        let got = recv(socket, &buffer, buffer.count, 0)
        if got <= 0 {
            close(socket)
            subscribers.removeAll { $0 == socket }
            polled.removeAll { $0.fd == socket }
        } else if socket == publisher {
            for subscriber in subscribers { _ = send(subscriber, buffer, got, Int32(MSG_NOSIGNAL)) }
        } else if buffer[0] == UInt8(ascii: "P") {
            publisher = socket
        } else {
            subscribers.append(socket)
            _ = send(socket, head, head.count, Int32(MSG_NOSIGNAL))
        }
    }
}

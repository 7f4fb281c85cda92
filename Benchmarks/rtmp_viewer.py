"""A minimal RTMP player: handshake, connect, createStream, play; then only message boundaries and times."""
import os
import socket
import struct

CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, WINDOW, AUDIO, VIDEO = 1, 2, 3, 5, 8, 9
EXTENDED = 0xFFFFFF


def text(value):
    raw = value.encode()
    return b"\x02" + struct.pack(">H", len(raw)) + raw


def number(value):
    return b"\x00" + struct.pack(">d", value)


def named(name, value):
    raw = name.encode()
    return struct.pack(">H", len(raw)) + raw + value


def command(body, stream=0):
    """One message of type 20 in chunks of 128 bytes, the size a connection begins with."""
    head = b"\x03" + b"\x00\x00\x00" + len(body).to_bytes(3, "big") + b"\x14" + struct.pack("<I", stream)
    pieces = [body[at:at + 128] for at in range(0, len(body), 128)]
    return head + b"\xc3".join(pieces)


class Viewer:
    def __init__(self, port, app, name):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.chunk_size = 128
        self.window, self.received, self.acknowledged = 2_500_000, 0, 0
        self.lanes = {}  # by chunk stream id: [timestamp, delta, length, type, missing, extended, payload head]
        self.open(port, app, name)

    def open(self, port, app, name):
        self.socket.sendall(b"\x03" + struct.pack(">II", 0, 0) + os.urandom(1528))
        answer = self.exactly(1 + 1536 + 1536)
        self.socket.sendall(answer[1:1537])
        target = f"rtmp://127.0.0.1:{port}/{app}"
        facts = named("app", text(app)) + named("tcUrl", text(target)) + named("flashVer", text("bench"))
        self.socket.sendall(command(text("connect") + number(1) + b"\x03" + facts + b"\x00\x00\x09"))
        self.socket.sendall(command(text("createStream") + number(2) + b"\x05"))
        self.socket.sendall(command(text("play") + number(3) + b"\x05" + text(name), stream=1))
        self.socket.setblocking(False)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed during the handshake")
            data += piece
        return data

    def receive(self):
        """Reads what is there; gives (type, timestamp) of each audio or video message completed. Raises when closed."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("closed by the server")
        self.received += len(data)
        if self.received - self.acknowledged >= self.window // 2:
            self.acknowledged = self.received
            self.socket.send(b"\x02\x00\x00\x00\x00\x00\x04\x03\x00\x00\x00\x00" + struct.pack(">I", self.received & 0xFFFFFFFF))
        self.buffer += data
        return self.parse()

    def parse(self):
        buffer, at, messages = self.buffer, 0, []
        while True:
            end, message = self.chunk(buffer, at)
            if end is None:
                break
            at = end
            if message:
                messages.append(message)
        del buffer[:at]
        return messages

    def chunk(self, buffer, at):
        """One chunk from `at`: (its end, the message it completed); (None, None) when it is not all there."""
        size = len(buffer)
        if size - at < 3:
            return None, None
        form, lane_id, at = buffer[at] >> 6, buffer[at] & 63, at + 1
        if lane_id == 0:
            lane_id, at = 64 + buffer[at], at + 1
        elif lane_id == 1:
            lane_id, at = 64 + buffer[at] + 256 * buffer[at + 1], at + 2
        head = (11, 7, 3, 0)[form]
        if size - at < head:
            return None, None
        lane = self.lanes.get(lane_id, (0, 0, 0, 0, 0, False, b""))
        timestamp, delta, length, kind, missing, extended, payload = lane
        begins = missing == 0
        if form < 3:
            stamp = int.from_bytes(buffer[at:at + 3], "big")
            extended = stamp == EXTENDED
            if form < 2:
                length, kind = int.from_bytes(buffer[at + 3:at + 6], "big"), buffer[at + 6]
            at += head
        else:
            stamp = delta
        if extended:
            if size - at < 4:
                return None, None
            if form < 3:
                stamp = int.from_bytes(buffer[at:at + 4], "big")
            at += 4
        if begins:
            missing, payload = length, b""
            if form == 0:
                timestamp, delta = stamp, stamp
            else:
                timestamp, delta = (timestamp + stamp) & 0xFFFFFFFF, stamp
        take = min(missing, self.chunk_size)
        if size - at < take:
            return None, None
        missing -= take
        if kind < 7:
            payload += bytes(buffer[at:at + take])
        self.lanes[lane_id] = (timestamp, delta, length, kind, missing, extended, payload)
        if missing == 0:
            if kind == CHUNK_SIZE and len(payload) >= 4:
                self.chunk_size = int.from_bytes(payload[:4], "big")
            elif kind == WINDOW and len(payload) >= 4:
                self.window = int.from_bytes(payload[:4], "big")
            elif kind in (AUDIO, VIDEO):
                return at + take, (kind, timestamp)
        return at + take, None

    def close(self):
        self.socket.close()

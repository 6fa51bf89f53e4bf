"""The daemon's protocol by hand (PROTOCOL.md), for the checks: requests packed, answers read."""
import io
import socket
import struct


def pack(v):
    if isinstance(v, float):
        return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, int):
        return b"\xcf" + struct.pack(">Q", v)
    if isinstance(v, bytes):
        return b"\xc6" + struct.pack(">I", len(v)) + v
    if isinstance(v, str):
        return b"\xdb" + struct.pack(">I", len(v.encode())) + v.encode()
    return b"\xdf" + struct.pack(">I", len(v)) + b"".join(pack(k) + pack(x) for k, x in v.items())


def send(peer, **request):
    payload = pack({"v": 1, "id": 1, **request})
    peer.sendall(struct.pack(">I", len(payload)) + payload)


def receive(peer):
    head = peer.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        raise ConnectionError("hung up")
    length = struct.unpack(">I", head)[0]
    body = peer.recv(length, socket.MSG_WAITALL)
    if len(body) < length:
        raise ConnectionError("hung up")
    return body


def ask(path, patience=60, **request):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(patience)
        peer.connect(path)
        send(peer, **request)
        return receive(peer)


NUMBERS = {0xca: ">f", 0xcb: ">d", 0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q", 0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q"}
LENGTHS = {0xc4: ">B", 0xc5: ">H", 0xc6: ">I", 0xd9: ">B", 0xda: ">H", 0xdb: ">I", 0xdc: ">H", 0xdd: ">I", 0xde: ">H", 0xdf: ">I"}


def unpack(f):
    t = f.read(1)[0]
    number = lambda form: struct.unpack(form, f.read(struct.calcsize(form)))[0]
    if t < 0x80 or t >= 0xe0:
        return t if t < 0x80 else t - 256
    if t in (0xc0, 0xc2, 0xc3):
        return {0xc0: None, 0xc2: False, 0xc3: True}[t]
    if t in NUMBERS:
        return number(NUMBERS[t])
    n = number(LENGTHS[t]) if t in LENGTHS else t & (0x1f if 0xa0 <= t < 0xc0 else 0x0f)
    if t < 0x90 or t in (0xde, 0xdf):
        return {unpack(f): unpack(f) for _ in range(n)}
    if t < 0xa0 or t in (0xdc, 0xdd):
        return [unpack(f) for _ in range(n)]
    return f.read(n).decode() if t < 0xc0 or t >= 0xd9 else f.read(n)


def result(body):
    return unpack(io.BytesIO(body)).get("result")


def is_answer(body):
    return result(body) is not None

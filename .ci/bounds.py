"""What a process takes, a control group for it to run in, and a small file that wants more than it holds."""
import contextlib
import os
import struct


def claims_96_megapixels():
    """1,088 bytes of progressive JPEG that say they are 12,000 x 8,000."""
    segment = lambda marker, body: b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
    head = b"\xff\xd8" + segment(0xdb, bytes([0]) + bytes([1]) * 64)
    frame = segment(0xc2, struct.pack(">BHHB", 8, 8000, 12000, 3) + bytes([1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]))
    tables = segment(0xc4, bytes([0x00, 1] + [0] * 15 + [0])) + segment(0xc4, bytes([0x10, 1] + [0] * 15 + [0]))
    scan = segment(0xda, bytes([3, 1, 0, 2, 0, 3, 0, 0, 0, 0]))
    made = head + frame + tables + scan
    return made + bytes(1086 - len(made)) + b"\xff\xd9"


@contextlib.contextmanager
def control_group(limit):
    """This process in a group of its own, and so all that it starts; None where none can be made."""
    for base, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = f"{base}/immich-ml-check-{os.getpid()}"
        try:
            os.mkdir(group)
            with open(f"{group}/{name}", "w") as file:
                file.write(str(limit))
            with open(f"{group}/cgroup.procs", "w") as file:
                file.write(str(os.getpid()))
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(group)
            continue
        try:
            yield group
        finally:
            with open(f"{base}/cgroup.procs", "w") as file:
                file.write(str(os.getpid()))
            with contextlib.suppress(OSError):
                os.rmdir(group)
        return
    yield None


def memory(pid):
    with open(f"/proc/{pid}/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    return {name: int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon", "RssFile")}


def maps_copy(pid):
    with open(f"/proc/{pid}/maps") as file:
        return "/.prepared/" in file.read()

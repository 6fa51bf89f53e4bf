#!/usr/bin/env python3
"""Bad days, from outside: python3 .ci/badday.py PROGRAMS

PROGRAMS is a folder with immich-ml, immich-ml-gateway and immich-ml-fetch, a release tree or an installed package's. Prints "ok WHAT" or
"not ok WHAT" for each check, "unchecked WHAT" where this environment cannot do it (a full disk needs root for a small tmpfs), and exits with
1 when one failed. Needs nothing but Python's standard library.
"""
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from report import check, finish

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = os.path.abspath(sys.argv[1])
WIRE = os.path.join(ROOT, "tests", "golden", "wire", "canonical")
PING, PONG = (open(os.path.join(WIRE, name + ".bin"), "rb").read() for name in ("request_ping_id_1", "result_ping"))
DROPPED = b"lines of the log could not be written"


def start(program, *arguments, closed=(), files=None, **more):
    """With these descriptors closed, and at most so many open files."""
    def before():
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        for descriptor in closed:
            os.close(descriptor)
    environment = {**os.environ, "IMMICH_LOG_LEVEL": "debug", **more.pop("env", {})}
    return subprocess.Popen([os.path.join(PROGRAMS, program), *arguments], preexec_fn=before, env=environment, **more)


def connect(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(20)
    peer.connect(path)
    return peer


def pinged(peer):
    """Seconds until the answer; None where it is wrong."""
    since = time.monotonic()
    peer.sendall(PING)
    return time.monotonic() - since if peer.recv(len(PONG), socket.MSG_WAITALL) == PONG else None


def fetched(peer):
    """The same for a GET /ping on a connection that is kept."""
    since = time.monotonic()
    peer.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
    got = b""
    while not got.endswith(b"pong"):
        part = peer.recv(4096)
        if not part:
            return None
        got += part
    return time.monotonic() - since if got.startswith(b"HTTP/1.1 200") else None


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def answers(path, ask):
    with connect(path) as peer:
        return ask(peer) is not None


def end(process, seconds=30):
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "it had to be killed"


def load(path, ask, count):
    """Half of them on connections of 500, the others on one each: how many were answered, and the times. The gateway ends one after 1,000."""
    times = []
    try:
        for first in range(0, count // 2, 500):
            with connect(path) as peer:
                times += [ask(peer) for _ in range(min(500, count // 2 - first))]
        for _ in range(count - count // 2):
            with connect(path) as peer:
                times.append(ask(peer))
    except OSError as fault:
        print(f"after {len(times)} answers: {fault}")
    return sorted(one for one in times if one is not None)


def hold(what, program, arguments, path, ask, count=1000, broken=lambda: None, mended=None, told=None, **streams):
    """Starts a program with such streams, lets them break, asks, and where they can be mended wants to be told how much was lost."""
    process = start(program, *arguments, **streams)
    try:
        if not until(lambda: answers(path, ask)):
            check(f"{program}, {what}: it starts", False, process.poll())
            return
        broken()
        times = load(path, ask, count)
        check(f"{program}, {what}: {count} requests are answered", len(times) == count, len(times))
        if times:
            check(f"{program}, {what}: half of them within 50 ms", times[len(times) // 2] < 0.05, times[len(times) // 2])
            print(f"{program}, {what}: half within {times[len(times) // 2] * 1000:.2f} ms, the slowest in {times[-1] * 1000:.1f} ms")
        if mended:
            mended()
            check(f"{program}, {what}: once it can be written again the log tells how many lines are lost", until(lambda: DROPPED in told()))
            before = len(told())
            answers(path, ask)
            check(f"{program}, {what}: and goes on", until(lambda: len(told()) > before))
    finally:
        code = end(process)
    check(f"{program}, {what}: SIGTERM ends it with 0", code == 0, code)


def stalled(what, *program):
    """A reader that stands still, and later reads on."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    said = bytearray()

    def told():
        os.set_blocking(reading, False)
        try:
            said.extend(os.read(reading, 1 << 20))
        except BlockingIOError:
            pass
        return said

    with os.fdopen(writing, "wb") as stderr:
        hold(what, *program, count=6000, stderr=stderr, mended=lambda: None, told=told)
    os.close(reading)


def gone(what, *program):
    """A reader that has gone."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stderr:
        hold(what, *program, stderr=stderr, broken=lambda: os.close(reading))


def full(what, folder, *program):
    small = tempfile.mkdtemp(dir=folder)
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], capture_output=True).returncode != 0:
        print(f"unchecked {program[0]}, {what}: no tmpfs can be mounted here")
        return
    log, filler = os.path.join(small, "log"), os.path.join(small, "filler")

    def fill():
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def told():
        with open(log, "rb") as file:
            return file.read()

    try:
        with open(log, "ab") as stderr:
            hold(what, *program, stderr=stderr, broken=fill, mended=lambda: os.remove(filler), told=told)
    finally:
        subprocess.run(["umount", small])


def streams(folder, *program):
    attempt(stalled, "a reader of its log that stands still", *program)
    attempt(gone, "a reader of its log that has gone", *program)
    attempt(full, "a full disk under its log", folder, *program)
    with open("/dev/full", "wb") as stderr:
        attempt(lambda: hold("its log on /dev/full", *program, stderr=stderr))
    attempt(lambda: hold("started with descriptor 2 closed", *program, closed=[2]))
    attempt(lambda: hold("started with descriptors 0, 1 and 2 closed", *program, closed=[0, 1, 2]))


def verbs(folder):
    """Exit codes stay what they are, and output that is lost is a failure."""
    nobody = os.path.join(folder, "nobody.sock")
    wanted = [
        (("immich-ml", "ping", "--socket", nobody), {4}, "2"), (("immich-ml", "ping", "--socket", nobody), {4}, "12"),
        (("immich-ml", "no-such-verb"), {2}, "2"), (("immich-ml", "serve", "--socket", folder, "--cache", folder), {3}, "2"),
        (("immich-ml", "models", "list", "--cache", folder), {3}, "1"), (("immich-ml", "models", "list", "--cache", folder), {3}, "12"),
        (("immich-ml", "serve", "--print-config"), {3}, "1"), (("immich-ml", "--help"), {1, 3}, "1"), (("immich-ml", "--help"), {1, 3}, "12"),
        (("immich-ml-gateway", "--print-config"), {3}, "1"), (("immich-ml-gateway", "--no-such"), {2}, "2"),
        (("immich-ml-fetch",), {2}, "2"), (("immich-ml-fetch", folder, "clip", "visual", "no-such-model"), {3}, "12"),
    ]
    for command, codes, lost in wanted:
        for how in ("on /dev/full", "closed"):
            with open("/dev/full", "wb") as nowhere, open(os.devnull, "r+b") as null:
                places = {"stdout": nowhere if "1" in lost else null, "stderr": nowhere if "2" in lost else null} if how == "on /dev/full" else {
                    "stdout": null, "stderr": null, "closed": [int(one) for one in lost]}
                # Its standard input stays open: the fetcher ends with it.
                code = start(*command, stdin=subprocess.PIPE, **places).wait(60)
            check(f"{' '.join(command[:2])} with {' and '.join(lost)} {how} exits with {' or '.join(map(str, sorted(codes)))}", code in codes, code)


def paths(folder, cache):
    """A socket's path as long as it may be, taken away, and taken over."""
    place = os.path.join(folder, "s")
    os.mkdir(place)
    path = os.path.join(place, "x" * (107 - len(place) - 1))
    with open(os.path.join(folder, "paths.log"), "w+") as log:
        process = start("immich-ml", "serve", "--socket", path, "--cache", cache, stderr=log)
        try:
            check("a socket's path of 107 bytes is served", until(lambda: answers(path, pinged)), open(log.name).read())
            check("with mode 0660, and nothing beside it", os.stat(path).st_mode & 0o777 == 0o660 and os.listdir(place) == [os.path.basename(path)], os.listdir(place))
            with connect(path) as old:
                os.remove(path)
                check("a socket file that was removed is made anew", until(lambda: answers(path, pinged), 20))
                check("and who was connected still is", pinged(old) is not None)
            with socket.socket(socket.AF_UNIX) as other:
                os.remove(path)
                other.bind(path)
                check("a socket of somebody else in its place is told", until(lambda: "is not this daemon's socket any more" in open(log.name).read(), 20))
        finally:
            code = end(process)
        check("and left alone by a daemon that ends", code == 0 and os.path.exists(path), code)
    said = start("immich-ml", "serve", "--socket", path + "x", "--cache", cache, stderr=subprocess.PIPE, text=True)
    errors = said.communicate(timeout=60)[1]
    check("one of 108 bytes is refused by its own name", said.returncode == 3 and f"Cannot listen on {path}x:" in errors, errors)


def descriptors(folder, cache):
    path = os.path.join(folder, "few.sock")
    with open(os.path.join(folder, "few.log"), "w+") as log:
        process = start("immich-ml", "serve", "--socket", path, "--cache", cache, files=256, stderr=log)
        said = lambda: open(log.name).read()
        try:
            until(lambda: answers(path, pinged))
            peers = [connect(path) for _ in range(400)]
            check("a shortage of descriptors in the process is told as such",
                  until(lambda: "this process has as many as it may" in said()) and "in system" not in said(), said())
            for peer in peers:
                peer.close()
            check("and is over when they are given back", until(lambda: answers(path, pinged)))
        finally:
            code = end(process)
    check("and SIGTERM ends it with 0", code == 0, (code, said()))


def deaf(folder, cache):
    """A socket that cannot be accepted on: the service manager starts anew what ends with 1, and not what ends with 3."""
    log = os.path.join(folder, "deaf.log")
    with socket.socket(socket.AF_UNIX) as unusable:
        unusable.bind(os.path.join(folder, "deaf.sock"))  # and not listened on
        child = os.fork()
        if child == 0:
            os.dup2(unusable.fileno(), 3)
            os.set_inheritable(3, True)
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
            program = os.path.join(PROGRAMS, "immich-ml")
            os.execve(program, [program, "serve", "--cache", cache], {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
        ended = until(lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None, 20)
        if not ended:
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        check("a daemon that cannot accept ends with 1", ended and code == 1, (ended, code, open(log).read()))


def attempt(part, *arguments):
    """What a check stumbles over is one that failed, and the next part is looked at all the same."""
    try:
        part(*arguments)
    except (OSError, subprocess.SubprocessError) as fault:
        check(f"{part.__name__} to the end", False, fault)


def main():
    with tempfile.TemporaryDirectory() as folder:
        cache, path, http = os.path.join(folder, "cache"), os.path.join(folder, "ml.sock"), os.path.join(folder, "http.sock")
        os.mkdir(cache)
        attempt(verbs, folder)
        attempt(paths, folder, cache)
        attempt(descriptors, folder, cache)
        attempt(deaf, folder, cache)
        daemon = ["serve", "--socket", path, "--cache", cache]
        streams(folder, "immich-ml", daemon, path, pinged)
        with open(os.devnull, "wb") as null:
            process = start("immich-ml", *daemon, stderr=null)
            until(lambda: answers(path, pinged))
            os.environ.update({"MACHINE_LEARNING_HTTP_SOCKET": http, "IMMICH_ML_SOCKET": path})
            streams(folder, "immich-ml-gateway", [], http, fetched)
            end(process)
    finish()


main()

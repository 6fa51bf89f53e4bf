#!/usr/bin/env python3
"""The published daemon, from outside and without any code of ours: python3 .ci/smoke.py RELEASE_TREE

Prints "ok WHAT" or "not ok WHAT" for each check and exits with 1 when one failed. Needs nothing but Python's standard library; the
frames come from tests/golden/wire, the expected embeddings from the shared golden data.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from report import check, finish

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WIRE = os.path.join(ROOT, "tests", "golden", "wire")
SHARED = os.environ.get("IMMICH_ML_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
RELEASE = os.path.abspath(sys.argv[1])
DAEMON = os.path.join(RELEASE, "immich-ml")


def run(*arguments, **more):
    return subprocess.run([DAEMON, *arguments], capture_output=True, text=True, timeout=120, **more)


def ask(path, frame):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(20)
        peer.connect(path)
        peer.sendall(frame)
        head = peer.recv(4, socket.MSG_WAITALL)
        return head + peer.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)


def golden(name):
    with open(os.path.join(WIRE, "canonical", name + ".bin"), "rb") as file:
        return file.read()


def release_tree():
    found = sorted(os.listdir(RELEASE))
    wanted = ["immich-ml", "immich-ml-fetch", "immich-ml-gateway", "libSkiaSharp.so", "libonnxruntime.so", "licenses", "sbom.cdx.json"]
    check("the release tree holds the programs, their libraries, licences and the list of parts, nothing else", found == wanted, str(found))
    size = os.path.getsize(DAEMON)
    check("immich-ml takes 13.7 MB at most", size <= 13_700_000, str(size))


def demo(home):
    shown = run("demo", env={**os.environ, "HOME": home})
    check("demo exits with 0", shown.returncode == 0, shown.stderr)
    check("demo finds pictures by words", "5 of the 5 queries found their kind first" in shown.stdout, shown.stdout)
    check("demo finds all relatives", "8 of the 8 that have a relative found it first" in shown.stdout, shown.stdout)
    check("demo finds the faces it drew", "5 of 5 drawn faces found" in shown.stdout and shown.stdout.count("like face") == 4, shown.stdout)
    check("demo reads the text it drew", "Text read:    FOX FINDS FACES AND WORDS" in shown.stdout, shown.stdout)
    left = [os.path.join(folder, name) for folder, _, names in os.walk(home) for name in names]
    check("a model run leaves no file under the home folder", not left, str(left))


# What came out of the original: pixels of a box, its score, a text's score.
TOLERANCES = {"2.7": (2, 0.01, 0.03), "legacy": (0.01, 2e-6, 2e-3), "v2": (0.01, 2e-6, 2e-3)}


def expected(section):
    """2.7, or a section of 3.3's."""
    with open(os.path.join(SHARED, "golden", "predict.json" if section == "2.7" else "predict-3.3.json")) as file:
        return json.load(file) if section == "2.7" else json.load(file)[section]


def parity(path, section):
    tasks = json.dumps({"clip": {"visual": {"modelName": "RN50__openai"}}})
    worst = 0.0
    for picture, answers in expected(section).items():
        got = run("predict", "--tasks", tasks, os.path.join(SHARED, "corpus", picture), "--socket", path)
        if got.returncode != 0:
            check(f"{section}: clip.visual of {picture}", False, got.stderr)
            continue
        answer, probe = json.loads(got.stdout), answers["clip_probe"]
        numbers, wanted = json.loads(answer["clip"]), probe["embedding"]
        difference = max(abs(a - b) for a, b in zip(numbers, wanted))
        worst = max(worst, difference)
        same = (answer["imageWidth"], answer["imageHeight"]) == (probe["imageWidth"], probe["imageHeight"])
        check(f"{section}: clip.visual of {picture}", same and len(numbers) == len(wanted) and difference <= 1e-6, f"difference {difference}")
    print(f"{section}: largest difference of a preprocessed value: {worst}")


def texts(path, section):
    """Every picture's texts, as Immich's own code reads them: the same strings in the same order, and the same boxes."""
    name = "PP-OCRv5_mobile"
    tasks = json.dumps({"ocr": {"detection": {"modelName": name, "options": {"minScore": 0.5, "maxResolution": 736}},
                                "recognition": {"modelName": name, "options": {"minScore": 0.8}}}})
    read, worst = 0, [0, 0, 0]
    for picture, answers in expected(section).items():
        got = run("predict", "--tasks", tasks, os.path.join(SHARED, "corpus", picture), "--socket", path)
        if got.returncode != 0:
            check(f"{section}: ocr of {picture}", False, got.stderr)
            continue
        answer, wanted = json.loads(got.stdout), answers["ocr"]["ocr"]
        ocr, sides = answer["ocr"], (answer["imageWidth"], answer["imageHeight"])
        lengths = all(len(ocr[key]) == len(wanted[key]) for key in ("text", "box", "boxScore", "textScore"))
        apart = [max((abs(a - b) * sides[i % 2] for i, (a, b) in enumerate(zip(ocr["box"], wanted["box"]))), default=0)]
        apart += [max((abs(a - b) for a, b in zip(ocr[key], wanted[key])), default=0) for key in ("boxScore", "textScore")]
        worst = [max(pair) for pair in zip(worst, apart)]
        good = lengths and ocr["text"] == wanted["text"] and all(a <= b for a, b in zip(apart, TOLERANCES[section]))
        check(f"{section}: ocr of {picture}", good, f"{ocr['text']}, apart {apart}")
        read += len(wanted["text"])
    check(f"{section}: the golden data holds texts to read", read > 0, str(read))
    print(f"{section}: {read} texts; largest difference of a box in pixels, of its score, of a text's score: {worst}")


def others(folder, cache):
    """The older rules, and models of revision v2 in their own folders."""
    made = os.path.join(folder, "v2")
    tool = subprocess.run(["/usr/bin/python3", os.path.join(SHARED, "tools", "make_v2.py"), cache, made], capture_output=True, text=True)
    check("models of revision v2 are made", tool.returncode == 0, tool.stderr[-300:])
    for section, models, name, value in [("2.7", cache, "MACHINE_LEARNING_RULES", "2.7"),
                                         ("v2", made, "MACHINE_LEARNING_MODEL_REVISION", "v2")]:
        path = os.path.join(folder, section + ".sock")
        daemon = subprocess.Popen([DAEMON, "serve", "--socket", path, "--cache", models], stderr=subprocess.DEVNULL,
                                  env={**os.environ, name: value})
        try:
            while daemon.poll() is None and not os.path.exists(path):
                time.sleep(0.05)
            parity(path, section)
            texts(path, section)
        finally:
            daemon.terminate()
            daemon.wait(20)


def refusals(path):
    hostile = os.path.join(SHARED, "corpus", "hostile")
    for name, code in [("empty.bin", "image_empty"), ("bad_sof_w0.jpg", "image_empty"), ("text.txt", "image_unsupported")]:
        got = run("predict", "--tasks", "{}", os.path.join(hostile, name), "--socket", path)
        check(f"{name} is {code}", got.returncode == 2 and code in got.stderr, got.stderr)


def activation(folder):
    """As a service manager does it: the socket is there first, and so are the peers; the daemon inherits it as descriptor 3."""
    path = os.path.join(folder, "activated.sock")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for peer in waiting:
        peer.settimeout(20)
        peer.connect(path)
        peer.sendall(golden("request_ping_id_1"))
    child = os.fork()
    if child == 0:
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)  # where it was 3 already, dup2 leaves close-on-exec as it was
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
        os.execve(DAEMON, [DAEMON, "serve", "--cache", folder], environment)
    wanted = golden("result_ping")
    answered = sum(peer.recv(len(wanted), socket.MSG_WAITALL) == wanted for peer in waiting)
    check("peers that came before the daemon are all answered on the inherited socket", answered == len(waiting), str(answered))
    os.kill(child, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    check("the inherited socket's file stays when the daemon stops", status == 0 and os.path.exists(path), str(status))


def main():
    release_tree()
    with tempfile.TemporaryDirectory() as folder:
        demo(tempfile.mkdtemp(dir=folder))
        path, notify = os.path.join(folder, "ml.sock"), os.path.join(folder, "notify.sock")
        cache = os.path.join(SHARED, "models", "cache")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, open(os.path.join(folder, "log"), "w+") as log:
            manager.bind(notify)
            manager.settimeout(20)
            daemon = subprocess.Popen([DAEMON, "serve", "--socket", path, "--cache", cache], stderr=log,
                                      env={**os.environ, "NOTIFY_SOCKET": notify})
            try:
                check("READY=1 comes once the socket listens", b"READY=1" in manager.recv(4096) and os.path.exists(path))
                check("the socket's mode is 0660", os.stat(path).st_mode & 0o777 == 0o660, oct(os.stat(path).st_mode))
                check("a golden ping is answered to the byte", ask(path, golden("request_ping_id_1")) == golden("result_ping"))
                refusals(path)
                log.seek(0)
                check("no session was run for them", "Loading" not in log.read())
                parity(path, "legacy")
                texts(path, "legacy")
                check("health exits with 0", run("health", "--socket", path).returncode == 0)
                second = run("serve", "--socket", path, "--cache", cache)
                check("a second daemon on the socket gives up with 3", second.returncode == 3, second.stderr)
            finally:
                daemon.send_signal(signal.SIGTERM)
                code = daemon.wait(20)
            check("SIGTERM ends it with 0", code == 0, str(code))
            check("STOPPING=1 is told", b"STOPPING=1" in manager.recv(4096))
            check("the socket's file is gone", not os.path.exists(path))
        others(folder, cache)
        activation(folder)
        check("ping without a daemon exits with 4", run("ping", "--socket", path).returncode == 4)
        check("health without a daemon exits with 1", run("health", "--socket", path).returncode == 1)
    finish()


main()

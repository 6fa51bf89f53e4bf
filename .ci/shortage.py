#!/usr/bin/env python3
"""Memory that runs short, from outside: python3 .ci/shortage.py RELEASE_TREE

A control group of 400 MB (cgroups v1 or v2) holds the daemon and a neighbour that takes what is left, bit by bit. Prints "ok WHAT" or "not
ok WHAT", and "unchecked WHAT" where no control group can be made. Needs nothing but Python's standard library.
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import bounds
from report import check, finish, unchecked

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(os.path.abspath(sys.argv[1]), "immich-ml")
LIMIT = 400_000_000
MODEL = "synthetic__demo"
# Each line takes so many megabytes more; the end of the lines gives all back.
NEIGHBOUR = "import sys\nheld = []\nfor line in sys.stdin:\n    held.append(b'x' * (int(line) * 1000000))\n    print(len(held), flush=True)\n"


def until(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def kills(group):
    """How often the kernel ended a process of the group."""
    for name in ("memory.oom_control", "memory.events"):
        try:
            with open(f"{group}/{name}") as file:
                return dict(line.split() for line in file).get("oom_kill", "0")
        except OSError:
            continue
    return None


def shortage(group, folder):
    path, log = os.path.join(folder, "ml.sock"), os.path.join(folder, "log")
    told = lambda: open(log, errors="replace").read()
    asked = lambda *words: subprocess.run([PROGRAM, *words, "--socket", path], capture_output=True, text=True, timeout=60)
    embedding = lambda: json.loads(asked("embed", "--text", "a red square", "--model", MODEL, "--json").stdout or "{}").get("embedding", [])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MACHINE_LEARNING_", "IMMICH_"))}
    environment.update(MACHINE_LEARNING_DOWNLOAD="off", MACHINE_LEARNING_PRELOAD__CLIP__VISUAL=MODEL, MACHINE_LEARNING_PRELOAD__CLIP__TEXTUAL=MODEL)
    with open(log, "wb") as stderr:
        daemon = subprocess.Popen([PROGRAM, "serve", "--socket", path, "--cache", ROOT + "/models/demo"], stderr=stderr, env=environment)
    neighbour = subprocess.Popen([sys.executable, "-c", NEIGHBOUR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def take(megabytes):
        neighbour.stdin.write(f"{megabytes}\n")
        neighbour.stdin.flush()
        return neighbour.stdout.readline()

    try:
        until(lambda: asked("health").returncode == 0, 30)
        plan = asked("info").stdout
        check("info tells in words how a memory of 400 MB is shared out", re.search(r"memory +0\.4 GB by a control group's limit: one picture of up to", plan), plan)
        before = embedding()
        take(200)
        for _ in range(16):
            take(10)
            if until(lambda: "Memory is tight" in told() or "Memory is critical" in told(), 1.5):
                break
        check("memory that runs short is told", "Memory is " in told(), told())
        check("models that lie idle are unloaded for it",
              until(lambda: len(re.findall(r"Unloaded clip \S+ \S+ .*memory is (?:tight|critical)", told())) >= 2, 20), told())
        check("and the pressure is told beside the rates", "memory is" in asked("top", "--once").stdout, asked("top", "--once").stdout)
        again = embedding()
        check("a query is answered meanwhile, by the same numbers", len(again) == 512 and again == before, again[:4])
        neighbour.communicate(timeout=30)
        check("and all comes back by itself", until(lambda: "Memory is calm" in told(), 45), told())
        check("nobody was ended for want of memory", daemon.poll() is None and kills(group) == "0", (daemon.poll(), kills(group)))
    finally:
        neighbour.kill()
        neighbour.wait()
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(60)
    check("SIGTERM ends it with 0, and nothing has failed", code == 0 and " ERROR " not in told(), (code, told()))


def main():
    said = subprocess.run([PROGRAM, "doctor", "--cache", ROOT + "/models/demo"], capture_output=True, text=True, timeout=60).stdout
    check("doctor says what tells of a shortage here", re.search(r"shortage is told by .*MemAvailable", said), said)
    with tempfile.TemporaryDirectory() as folder, bounds.control_group(LIMIT) as group:
        if group is None:
            unchecked("memory that runs short", "no control group can be made here")
        else:
            shortage(group, folder)
    finish()


main()

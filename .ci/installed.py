#!/usr/bin/env python3
"""What only the installed programs show, from outside: python3 .ci/installed.py PROGRAMS

PROGRAMS is a release tree; package.py runs the same on the package in its root, by the unit's own command line and from its sandbox.
A large model is prepared without anybody asking, what is prepared answers as the model does, and a damaged copy never answers; memory
before any model; a control group's limit. Prints "ok WHAT", "not ok WHAT", and "unchecked WHAT" where this environment cannot do it.
"""
import contextlib
import io
import math
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import bounds
import clip
import wire
from report import check, finish, unchecked

MODEL, OTHER, LARGE = "ViT-B-32__openai", "ViT-B-16__openai", "ViT-L-14__openai"
with open(os.path.join(os.path.dirname(__file__), "..", "tests", "golden", "images", "baseline.jpg"), "rb") as shown:
    PICTURE = shown.read()
GROUP_BYTES = 600_000_000


class Tree:
    """A release tree, whose daemon goes by another name here: what a program is called decides nothing."""
    name = "release tree"

    def __init__(self, programs, folder):
        self.program = folder + "/bin/renamed"
        shutil.copytree(programs, folder + "/bin", ignore=shutil.ignore_patterns("licenses"))
        os.rename(folder + "/bin/immich-ml", self.program)
        self.cache, self.socket, self.log = folder + "/cache", folder + "/ml.sock", folder + "/log"
        os.makedirs(self.cache)

    def start(self, **settings):
        settings = {"IMMICH_ML_SOCKET": self.socket, "MACHINE_LEARNING_CACHE_FOLDER": self.cache, **settings}
        with open(self.log, "a") as log:
            self.child = subprocess.Popen([self.program, "serve"], stderr=log, env={**os.environ, **settings})
        until = time.monotonic() + 60
        while not os.path.exists(self.socket) and time.monotonic() < until:
            time.sleep(0.01)
        return self.child.pid

    def stop(self, pid):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(60) == 0

    def alive(self, pid):
        return self.child.poll() is None

    def owned(self, path):
        pass


class Asked:
    """An answer's embedding, or the code of its error; neither where it hung up."""

    def __init__(self, place, model, picture):
        since = time.monotonic()
        tasks = {"clip": {"visual": {"modelName": model}}}
        try:
            answer = wire.unpack(io.BytesIO(wire.ask(place.socket, 120, op="predict", tasks=tasks, image=picture)))
        except OSError as fault:
            answer = {"error": {"message": repr(fault)}}
        self.seconds = time.monotonic() - since
        self.error = (answer.get("error") or {}).get("code")
        self.why = answer.get("error")
        vector = (answer.get("result") or {}).get("clip") or b""
        self.numbers = struct.unpack(f"<{len(vector) // 4}f", vector)

    def is_like(self, other, least=0.99999):
        if len(self.numbers) != len(other.numbers) or not self.numbers or not all(map(math.isfinite, self.numbers)):
            return False
        dot = sum(a * b for a, b in zip(self.numbers, other.numbers))
        return dot / math.hypot(*self.numbers) / math.hypot(*other.numbers) >= least


@contextlib.contextmanager
def running(place, **settings):
    pid = place.start(**settings)
    try:
        yield pid
    finally:
        if place.alive(pid):
            place.stop(pid)


def before_any_model(place):
    """15 s: the heap is given back once nothing was done for five. A file that was just written is mapped in larger pieces: 0.6 MB more."""
    with running(place) as pid:
        time.sleep(15)
        taken = bounds.memory(pid)
        print(f"{place.name}: before any model {taken['VmRSS'] / 1e6:.1f} MB resident, {taken['RssAnon'] / 1e6:.1f} MB of it anonymous")
        check(f"{place.name}: before any model at most 21.3 MB are resident, 7 MB of them anonymous",
              taken["VmRSS"] <= 21.3e6 and taken["RssAnon"] <= 7e6, taken)


def wait_for_copy(place, pid, seconds):
    until = time.monotonic() + seconds
    while not bounds.maps_copy(pid) and time.monotonic() < until and place.alive(pid):
        time.sleep(0.2)
    return bounds.maps_copy(pid)


def prepared(place):
    """Leaves a prepared copy of MODEL behind; the embedding it must give, or None where there is no copy."""
    clip.write(f"{place.cache}/clip/{MODEL}", width=384, layers=4)
    place.owned(place.cache)
    size = os.path.getsize(f"{place.cache}/clip/{MODEL}/visual/model.onnx")
    with running(place) as pid:
        plain = Asked(place, MODEL, PICTURE)
        check(f"{place.name}: a model that was made here embeds a picture", plain.numbers and not plain.error, plain.why)
        made = wait_for_copy(place, pid, 60)
        check(f"{place.name}: within a minute a model of {size / 1e6:.0f} MB has a prepared copy, without anybody asking for one",
              made, said(place))
        if not made:
            return None
        check(f"{place.name}: the copy that took the model's place answers the same", Asked(place, MODEL, PICTURE).is_like(plain))
    with running(place) as pid:
        before, after_start, after = bounds.memory(pid), Asked(place, MODEL, PICTURE), bounds.memory(pid)
        grown = {name: after[name] - before[name] for name in after}
        check(f"{place.name}: the next start answers the same from it", after_start.is_like(plain), after_start.why)
        check(f"{place.name}: its weights are mapped, not copied",
              bounds.maps_copy(pid) and grown["RssFile"] >= size / 2 > grown["RssAnon"], (size, grown))
    return plain


def said(place):
    with open(place.log, errors="replace") as file:
        return file.read()[-800:]


def copies(folder):
    """The weights of prepared copies, the largest first."""
    found = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return sorted((one for one in found if os.path.getsize(one) > 4_000_000), key=os.path.getsize, reverse=True)


def zeros(data):
    middle = len(data) // 2
    data[middle:middle + 65536] = bytes(65536)


def flipped(data):
    chance = random.Random(7)
    for _ in range(1000):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def nothing(data):
    data[:] = bytes(len(data))


DAMAGE = (("64 KiB of zeros in its weights", zeros), ("a thousand flipped bits in its weights", flipped),
          ("weights that are all zero", nothing))


def damaged(place, expected):
    """Disks rot without touching the clock: size and times stay as they were."""
    kept = place.cache + "/../kept"
    shutil.copytree(place.cache + "/.prepared", kept, symlinks=True, copy_function=shutil.copy2)
    clip.write(f"{place.cache}/clip/{OTHER}", width=384, layers=4, seed=2)
    place.owned(f"{place.cache}/clip/{OTHER}")  # Not all of the cache: another owner makes other files of the model, by their change time.
    with running(place) as pid:
        Asked(place, OTHER, PICTURE)
        wait_for_copy(place, pid, 60)
    strange = place.cache + "/../strange"
    shutil.copytree(place.cache + "/.prepared", strange, symlinks=True, copy_function=shutil.copy2)

    def restore():
        shutil.rmtree(place.cache + "/.prepared")
        shutil.copytree(kept, place.cache + "/.prepared", symlinks=True, copy_function=shutil.copy2)
        place.owned(place.cache + "/.prepared")

    def hurt(how):
        target = next(one for one in copies(place.cache + "/.prepared") if MODEL in one)
        times = os.stat(target)
        with open(target, "rb") as file:
            data = bytearray(file.read())
        how(data)
        with open(target, "r+b") as file:
            file.write(data)
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))

    def exchange():
        """All that the other model's folder holds, under this one's name."""
        target = os.path.dirname([one for one in copies(place.cache + "/.prepared") if MODEL in one][0])
        other = os.path.dirname([one for one in copies(strange) if OTHER in one][0])
        shutil.rmtree(target)
        shutil.copytree(other, target, copy_function=shutil.copy2)
        place.owned(target)

    def embeds(what, spoil, *how):
        restore()
        spoil(*how)
        told = os.path.getsize(place.log)
        with running(place):
            answers = [Asked(place, MODEL, PICTURE) for _ in range(3)]
        with open(place.log, errors="replace") as file:
            file.seek(told)
            lines = [line for line in file if re.search(r" (WARN|ERROR) ", line) and re.search(r"copy|prepared", line)]
        good = all(one.is_like(expected) or one.error for one in answers)
        check(f"{place.name}: {what} never answers", good, [(one.error, one.numbers[:3]) for one in answers])
        check(f"{place.name}: and a line tells of {what}", lines, said(place))

    for what, how in DAMAGE:
        embeds(f"a copy with {what}", hurt, how)
    embeds("another model's copy", exchange)
    restore()
    shutil.rmtree(kept)
    shutil.rmtree(strange)


def stale(place, expected):
    """Reproducible images, Nix and rsync -t: another model of the same size and the same time."""
    file = f"{place.cache}/clip/{MODEL}/visual/model.onnx"
    times, size = os.stat(file), os.path.getsize(file)
    clip.write(f"{place.cache}/clip/{MODEL}", width=384, layers=4, seed=3)
    clip.write(f"{place.cache}/clip/{LARGE}", width=384, layers=4, seed=3)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    place.owned(place.cache)
    with running(place, MACHINE_LEARNING_PREPARE_MODELS="false"):
        wanted = Asked(place, LARGE, PICTURE)
    with running(place):
        got = Asked(place, MODEL, PICTURE)
    same = os.path.getsize(file) == size and not wanted.is_like(expected) and bool(wanted.numbers)
    check(f"{place.name}: other weights of the same size and time are the new model's answer, not the old copy's",
          same and got.is_like(wanted), (same, got.why, got.is_like(expected)))
    shutil.rmtree(f"{place.cache}/clip/{LARGE}")


def cold(place):
    """ViT-B/32's size: what a user waits for after the service slept."""
    clip.write(f"{place.cache}/clip/{LARGE}", width=768, layers=12)
    place.owned(place.cache)
    with running(place) as pid:
        plain = Asked(place, LARGE, PICTURE)
        made = wait_for_copy(place, pid, 240)
    if made:
        with running(place):
            first = Asked(place, LARGE, PICTURE)
        print(f"{place.name}: first answer of ViT-B/32's size: {first.seconds:.2f} s after a start, {plain.seconds:.2f} s unprepared")
        check(f"{place.name}: the first answer after a start comes within 2 s",
              first.is_like(plain) and first.seconds <= 2, (first.seconds, first.why))
    else:
        check(f"{place.name}: a model of ViT-B/32's size is prepared", False, said(place))
    shutil.rmtree(f"{place.cache}/clip/{LARGE}")


def status_of(place, model):
    """What the daemon says of a model."""
    answer = wire.unpack(io.BytesIO(wire.ask(place.socket, 30, op="models")))
    found = [one for one in answer["result"]["models"] if one["modelName"] == model and one["type"] == "visual"]
    return found[0] if found else {}


def rounded(place, expected):
    """int8, made and tried by the daemon itself; what is damaged never answers."""
    settings = {"MACHINE_LEARNING_PRECISION": "int8-fast"}
    with running(place, **settings) as pid:
        first = Asked(place, MODEL, PICTURE)
        check(f"{place.name}: until there is a copy in int8-fast the model answers in fp32, and says so",
              first.is_like(expected) and "not int8-fast" in status_of(place, MODEL).get("precisionNote", ""), status_of(place, MODEL))
        until = time.monotonic() + 300
        while status_of(place, MODEL).get("precision") != "int8-fast" and time.monotonic() < until and place.alive(pid):
            time.sleep(0.5)
        told = status_of(place, MODEL)
        check(f"{place.name}: within five minutes there is one that passed its trial", told.get("precision") == "int8-fast"
              and "cosine to fp32" in told.get("precisionNote", ""), (told, said(place)))
        time.sleep(2)
        after = Asked(place, MODEL, PICTURE)
        check(f"{place.name}: it answers nearly as fp32 does, and not exactly so",
              after.is_like(expected, 0.985) and not after.is_like(expected), after.why)
        check(f"{place.name}: the log says in what it runs, and that older embeddings are fp32",
              "runs in int8-fast" in said(place) and "made before are of fp32" in said(place), said(place))
    target = [one for one in copies(place.cache + "/.prepared") if "int8-fast" in one]
    if target:
        with open(target[0], "r+b") as file:
            data = bytearray(file.read())
            zeros(data)
            file.seek(0)
            file.write(data)
        with running(place, **settings):
            check(f"{place.name}: with 64 KiB of zeros in that copy's weights the answer is fp32's",
                  Asked(place, MODEL, PICTURE).is_like(expected), said(place))
    with running(place):
        check(f"{place.name}: without the setting the answer is fp32's, as before", Asked(place, MODEL, PICTURE).is_like(expected))


def bounded(place, expected):
    with bounds.control_group(GROUP_BYTES) as group:
        if group is None:
            unchecked(f"{place.name}: a daemon in a control group of 600 MB", "none can be made here")
            return
        # Shared out, so little memory would have it refused by its header.
        with running(place, MACHINE_LEARNING_MEMORY_LIMIT="0") as pid:
            first = Asked(place, MODEL, PICTURE)
            claims = [Asked(place, MODEL, bounds.claims_96_megapixels()) for _ in range(4)]
            after = Asked(place, MODEL, PICTURE)
            alive = place.alive(pid)
        check(f"{place.name}: in a control group of 600 MB a picture that claims 96 megapixels does not end the daemon",
              alive and after.is_like(first), (alive, first.why, [one.why for one in claims], after.why))
        check(f"{place.name}: and is refused with a code", all(one.error for one in claims), [one.why for one in claims])


def checks(place, with_cold=True):
    before_any_model(place)
    expected = prepared(place)
    bounded(place, expected)
    if expected is not None:
        rounded(place, expected)
        damaged(place, expected)
        stale(place, expected)
        if with_cold:
            cold(place)
    for folder in ("/.prepared", "/clip"):
        shutil.rmtree(place.cache + folder, ignore_errors=True)


def main():
    with tempfile.TemporaryDirectory(prefix="immich-ml-installed-") as folder:
        checks(Tree(os.path.abspath(sys.argv[1]), folder), with_cold="--cold" in sys.argv)
    finish()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The package with CUDA beside the installed one, on a machine without a card: .ci/cuda.py PACKAGES CUDA_PACKAGES ROOT

PACKAGES and CUDA_PACKAGES hold the .deb files, ROOT is a debootstrapped root (it is copied). Needs root, and Debian's python3-seccomp.
"""
import os
import shutil
import sys
import tempfile
import time
import traceback

import report
from manager import CACHE, ROOT, RUN, SOCKET, UNITS, Manager, inside, package, run
from report import check, unchecked
from root import listing
from wire import ask, is_answer

MISSING = "cuda is installed and not used: there is no /dev/nvidiactl"


def install(root, deb):
    shutil.copy(deb, root + "/tmp/this.deb")
    got = inside(root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "/tmp/this.deb")
    os.remove(root + "/tmp/this.deb")
    return got


def checks(root, cuda):
    before = listing(root)
    got = install(root, cuda)
    check("immich-ml-cuda installs beside immich-ml", got.returncode == 0, got.stdout + got.stderr)
    got = inside(root, "systemd-analyze", "verify", "--man=no", UNITS + "immich-ml.service")
    check("its drop-in for the unit is clean", got.returncode == 0 and not (got.stdout + got.stderr).strip(), got)
    got = inside(root, "immich-ml", "doctor")
    said = [line for line in got.stdout.splitlines() if "cuda is installed and not used" in line]
    check("doctor says in one sentence what is missing", len(said) == 1 and "here is no /dev/nvidiactl" in got.stdout, got)

    manager = Manager(root)
    run("cp", "-rT", f"{ROOT}/models/demo", root + CACHE)
    run("chown", "-R", f"{manager.uid}:{manager.gid}", root + CACHE)
    listening = manager.listen()
    daemon = manager.start(listening=[listening])
    check("the daemon starts", manager.told(30).startswith("READY=1\n"), manager.said())
    with open(f"{ROOT}/tests/golden/images/" + sorted(one for one in os.listdir(f"{ROOT}/tests/golden/images") if one.endswith(".png"))[0], "rb") as file:
        picture = file.read()
    embed = {"clip": {"visual": {"modelName": "synthetic__demo"}}}
    check("and answers from the CPU", is_answer(ask(root + SOCKET, op="predict", tasks=embed, image=picture)))
    until = time.monotonic() + 10
    while MISSING not in manager.said() and time.monotonic() < until:
        time.sleep(0.1)
    lines = [line for line in manager.said().splitlines() if " WARN " in line or "cuda is" in line]
    check("and has said in one line why", len(lines) == 1 and MISSING in lines[0], lines)
    check("it ends when told to", manager.end(daemon) == 0)
    listening.close()
    shutil.rmtree(root + CACHE)
    os.mkdir(root + CACHE)

    got = inside(root, "dpkg", "-P", "immich-ml-cuda")
    left = {name for name in listing(root) - before if not name.startswith((CACHE, RUN))}
    check("purged it leaves nothing", got.returncode == 0 and not left, (got, sorted(left)))


def main(packages, cuda, base):
    with tempfile.TemporaryDirectory(prefix="immich-ml-cuda-") as folder:
        root = folder + "/root"
        run("cp", "-a", base, root)
        with open(root + "/usr/sbin/policy-rc.d", "w") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(root + "/usr/sbin/policy-rc.d", 0o755)
        got = install(root, package(packages, "immich-ml"))
        if got.returncode != 0:
            unchecked("the package with CUDA", "immich-ml's dependencies could not be had: " + (got.stdout + got.stderr)[-300:])
            return
        checks(root, package(cuda, "immich-ml-cuda"))


if __name__ == "__main__":
    try:
        main(*map(os.path.abspath, sys.argv[1:4]))
    except Exception:
        # What comes behind it was not looked at: that is no success.
        check("the checks of the package with CUDA come to their end", False, traceback.format_exc()[-600:])
    report.finish()

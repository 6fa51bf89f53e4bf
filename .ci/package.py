#!/usr/bin/env python3
"""The Debian package, from outside: .ci/package.py PACKAGES [ROOT...]

PACKAGES is the folder with the .deb files and the tarball, ROOT a debootstrapped root to install into (it is copied). Prints "ok WHAT" or
"not ok WHAT" for each check, and "unchecked WHAT" where this environment cannot do it, which counts as
nothing. Needs root, and Debian's python3-seccomp, debootstrap and lintian.
"""
import glob
import hashlib
import http.server
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request

import installed
import sandbox
from wire import ask, is_answer, receive, result, send

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("IMMICH_ML_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
PACKAGES = os.path.abspath(sys.argv[1])
UNITS = "/usr/lib/systemd/system/"
CACHE, RUN = "/var/cache/immich-ml", "/run/immich-ml"
SOCKET = RUN + "/immich-ml.sock"
failures = 0


def check(what, good, detail=""):
    global failures
    failures += not good
    print(("ok " if good else "not ok ") + what + (f" ({str(detail)[-1500:]})" if detail and not good else ""), flush=True)


def unchecked(what, why):
    print(f"unchecked {what}: {why}", flush=True)


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=600, **more)


def inside(root, *command):
    """Runs a command in that root, with a /proc of its own."""
    return run("unshare", "--mount", "--pid", "--fork", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root, *command,
               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})


def package(name):
    found = glob.glob(f"{PACKAGES}/{name}_*_amd64.deb")
    return found[0] if found else sys.exit(f"{PACKAGES} holds no {name}")


def contents(deb):
    size = os.path.getsize(deb)
    installed = int(run("dpkg-deb", "-f", deb, "Installed-Size").stdout) * 1024
    check("the package takes 20 MB at most", size <= 20_000_000, size)
    check("installed it takes 72 MB at most", installed <= 72_000_000, installed)
    print(f"package {size / 1e6:.1f} MB, installed {installed / 1e6:.1f} MB")
    listed = run("dpkg-deb", "-c", deb).stdout
    wanted = ["usr/lib/immich-ml/immich-ml\n", "usr/lib/immich-ml/libonnxruntime.so", "usr/bin/immich-ml ->",
              "etc/immich-ml/immich-ml.conf", "usr/share/man/man1/immich-ml.1.gz", "usr/share/man/man5/immich-ml.conf.5.gz",
              "bash-completion/completions/immich-ml", "zsh/vendor-completions/_immich-ml", "fish/vendor_completions.d/immich-ml.fish",
              "licenses/NOTICES.txt", "sbom.cdx.json", "sysusers.d/immich-ml.conf", "drop-ins/nvidia.conf", "drop-ins/dri.conf"]
    wanted += [f"systemd/system/{name}.{kind}" for name in ("immich-ml", "immich-ml-fetch", "immich-ml-gateway") for kind in ("socket", "service")]
    missing = [name for name in wanted if name not in listed]
    check("it holds programs, units, settings, pages, completions, licences and the list of parts", not missing, missing)
    debug = run("dpkg-deb", "-c", package("immich-ml-dbgsym")).stdout
    check("debug symbols are apart, one file a program", debug.count(".debug") == 3 and ".debug" not in listed, debug)
    if shutil.which("lintian"):
        said = run("lintian", "--allow-root", "--fail-on", "error,warning", "--display-info", "--tag-display-limit", "0", deb)
        check("lintian finds nothing but what the overrides name", said.returncode == 0 and not said.stdout.strip(), said.stdout + said.stderr)
    else:
        unchecked("lintian", "it is not installed")


def security():
    for unit, most in (("immich-ml", 5), ("immich-ml-gateway", 15), ("immich-ml-fetch", 15)):
        said = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={most}", f"{ROOT}/systemd/{unit}.service")
        overall = [line for line in said.stdout.splitlines() if "Overall exposure" in line]
        check(f"{unit}.service is exposed by {most / 10} at most", said.returncode == 0 and overall, said.stdout)
        print(overall[0].strip("→ ") if overall else "")


class Manager:
    """The stand-in for systemd: holds the listening sockets and the notification socket, starts and restarts."""

    def __init__(self, root):
        self.root = root
        with open(f"{root}/etc/passwd") as file:
            users = {line.split(":")[0]: line.split(":") for line in file}
        self.uid, self.gid = int(users["immich-ml"][2]), int(users["immich-ml"][3])
        os.makedirs(root + RUN, exist_ok=True)
        os.chown(root + RUN, self.uid, self.gid)
        self.log = root + "/var/log/immich-ml.log"
        self.notify = None

    def listen(self, name=SOCKET, mode=0o660, owner=0):
        path = self.root + name
        if os.path.exists(path):
            os.remove(path)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        os.chown(path, owner, self.gid)
        os.chmod(path, mode)
        listening.listen(512)
        return listening

    def start(self, unit="immich-ml", listening=(), identity=None, **environment):
        if self.notify:
            self.notify.close()
        path = f"{RUN}/notify-{unit}"
        if os.path.exists(self.root + path):
            os.remove(self.root + path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.root + path)
        os.chmod(self.root + path, 0o666)
        return sandbox.start(
            self.root, sandbox.Unit(self.root + UNITS + unit + ".service"), identity or (self.uid, self.gid, []), [CACHE, RUN], listening,
            {"NOTIFY_SOCKET": path, **environment}, log=self.log)

    def told(self, seconds):
        self.notify.settimeout(seconds)
        try:
            return self.notify.recv(4096).decode()
        except TimeoutError:
            return ""

    def end(self, pid, number=signal.SIGTERM, seconds=30):
        """Sends the signal; the exit status, or None where it did not end in time and was killed."""
        os.kill(pid, number)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None

    def said(self):
        with open(self.log) as file:
            return file.read()


def models():
    """A cache, its CLIP and OCR models, a picture, and the texts in it as the original reads them."""
    shared = f"{SHARED}/models/cache"
    if not os.path.isdir(shared):
        with open(sorted(glob.glob(f"{ROOT}/tests/golden/images/*.png"))[0], "rb") as file:
            return f"{ROOT}/models/demo", "synthetic__demo", "synthetic__demo", file.read(), None
    with open(f"{SHARED}/golden/predict.json") as file:
        golden = json.load(file)
    name = next(name for name, answers in sorted(golden.items()) if len(answers["ocr"]["ocr"]["text"]) > 2)
    with open(f"{SHARED}/corpus/{name}", "rb") as file:
        return shared, "ViT-B-32__openai", "PP-OCRv5_mobile", file.read(), golden[name]["ocr"]["ocr"]["text"]


def serving(root):
    manager = Manager(root)
    cache, clip, ocr, picture, wanted = models()
    run("cp", "-rT", cache, root + CACHE)
    run("chown", "-R", f"{manager.uid}:{manager.gid}", root + CACHE)
    run("chmod", "-R", "u+rwX", root + CACHE)
    path = root + SOCKET
    embed = {"clip": {"visual": {"modelName": clip}}}
    read = {"ocr": {"detection": {"modelName": ocr, "options": {"minScore": 0.5, "maxResolution": 736}},
                    "recognition": {"modelName": ocr, "options": {"minScore": 0.8}}}}

    # 100 connections before there is a daemon, each with a request sent already.
    listening = manager.listen()
    peers = []
    for _ in range(100):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(60)
        peer.connect(path)
        send(peer, op="ping")
        peers.append(peer)
    daemon = manager.start(listening=[listening])
    ready = manager.told(30)
    check("in the sandbox of its unit the daemon says READY", ready.startswith("READY=1\n"), ready + manager.said())
    answered = 0
    for peer in peers:
        try:
            answered += is_answer(receive(peer))
        except OSError:
            pass
        peer.close()
    check("100 connections made before the daemon runs are all served", answered == 100, answered)
    with open(f"/proc/{daemon}/status") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    check("it runs as its user, without capabilities, with a system call filter",
          status["Uid"].split()[0] == str(manager.uid) and int(status["CapBnd"], 16) == 0 and status["Seccomp"] == "2", status)
    got = ask(path, op="predict", tasks=embed, image=picture)
    vector = (result(got) or {}).get("clip") or b""
    check("it embeds a picture", len(vector) >= 128 and any(vector), got[:300])
    got = ask(path, op="predict", tasks=read, image=picture)
    texts = ((result(got) or {}).get("ocr") or {}).get("text")
    if wanted is not None:
        check("it reads the texts in it that Immich's own code read", texts == wanted, (texts, wanted))
    else:
        demo = inside(root, "immich-ml", "demo").stdout
        check("it answers for texts, and the demo in that root reads what it drew", is_answer(got) and "FOX FINDS" in demo, (got[:300], demo))
    print(f"{len(vector) // 4} numbers, texts {texts}")
    said = inside(root, "setpriv", "--reuid=65534", "--regid=65534", f"--groups={manager.gid}", "immich-ml", "health")
    check("health says so to a member of the group", said.returncode == 0 and said.stdout.strip() == "healthy", said)
    said = inside(root, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "immich-ml", "health")
    check("and not to anybody else", said.returncode == 1, said)
    said = inside(root, "setpriv", f"--reuid={manager.uid}", f"--regid={manager.gid}", "--clear-groups", "immich-ml", "doctor", "--json")
    try:
        findings = json.loads(said.stdout)
    except ValueError:
        findings = [{"verdict": "bad", "found": said.stdout + said.stderr}]
    check("doctor finds nothing bad", not [one for one in findings if one["verdict"] == "bad" and one.get("about") != "memory"], said.stdout)
    for finding in findings:
        if finding["verdict"] != "ok":
            print(f"doctor: {finding}")

    os.kill(daemon, signal.SIGHUP)
    told = [manager.told(10), manager.told(10)]
    check("SIGHUP is told as RELOADING and READY", told[0].startswith("RELOADING=1\nMONOTONIC_USEC=") and told[1].startswith("READY=1"), told)

    gateway(manager, picture)
    fetching(manager, f"{cache}/clip/{clip}", picture)

    # Killed in the midst of load: what is asked afterwards waits in the socket for the next daemon.
    stop, lock, done, lost, killed = threading.Event(), threading.Lock(), [0], [], [float("inf")]

    def load():
        while not stop.is_set():
            began = time.monotonic()
            try:
                good = is_answer(ask(path, op="predict", tasks=embed, image=picture))
            except OSError:
                good = False
            with lock:
                done[0] += good
                if not good and began > killed[0]:
                    lost.append(began - killed[0])

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(1)
        os.kill(daemon, signal.SIGKILL)
        os.waitpid(daemon, 0)
        killed[0] = time.monotonic()
        time.sleep(0.3)
        daemon = manager.start(listening=[listening])
        time.sleep(1)
        killed[0] = float("inf") if _ < 2 else killed[0]
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    check("kill -9 under load, three times: no request that was made afterwards is lost", done[0] >= 5 and not lost, f"{done[0]} answered, lost {lost}")
    print(f"{done[0]} requests answered around three kills")

    # Told to stop while a request is open: that one is still answered.
    manager.told(0.1)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(60)
        peer.connect(path)
        send(peer, op="predict", tasks=read, image=picture)
        time.sleep(0.1)
        os.kill(daemon, signal.SIGTERM)
        got = receive(peer)
    ended = manager.end(daemon, 0)
    check("a request that is open at SIGTERM is answered, and the exit code is 0", is_answer(got) and ended == 0, (got[:200], ended))

    watchdog(manager, listening, path)
    listening.close()


class Installed:
    """For installed.py: the package in its root, by its unit's command line, with its settings file, in its sandbox."""

    def __init__(self, root, suite):
        self.name, self.manager = f"package in {suite}", Manager(root)
        self.cache, self.socket, self.log = root + CACHE, root + SOCKET, self.manager.log

    def start(self, **settings):
        self.listening = self.manager.listen()
        pid = self.manager.start(listening=[self.listening], **settings)
        self.manager.told(60)
        return pid

    def stop(self, pid):
        ended = self.manager.end(pid)
        self.listening.close()
        return ended == 0

    def alive(self, pid):
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"

    def owned(self, path):
        run("chown", "-R", f"{self.manager.uid}:{self.manager.gid}", path)
        run("chmod", "-R", "u+rwX", path)


def passed_on(*command):
    """Another file's checks, counted with ours."""
    global failures
    got = run(*command)
    print(got.stdout, end="", flush=True)
    bad = sum(line.startswith("not ok ") for line in got.stdout.splitlines())
    failures += bad
    check(f"{os.path.basename(command[1])} ends as its lines say", (got.returncode != 0) == (bad > 0), got.stderr)


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def field(number, value):
    """One of protobuf's."""
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3) + varint(value) if isinstance(value, int) else varint(number << 3 | 2) + varint(len(value)) + value


def endless(products=600):
    """An ONNX model that takes minutes for any picture: a chain of products of 3072 x 3072 matrices, each of 58 GFLOP."""
    def node(op, given, made, attribute=b""):
        return field(1, b"".join(field(1, one) for one in given) + field(2, made) + field(3, made) + field(4, op) + attribute)

    def value(name, *sides):
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, b"".join(field(1, field(1, side)) for side in sides))))

    fill = field(5, field(1, "value") + field(5, field(1, 1) + field(2, 1) + field(9, struct.pack("<f", 1 / 3072))) + field(20, 4))
    no_axes = field(5, field(1, "keepdims") + field(3, 0) + field(20, 2))
    graph = node("ConstantOfShape", ["shape"], "matrix", fill) + node("ReduceMean", ["image"], "mean", no_axes) + node("Add", ["matrix", "mean"], "p0")
    graph += b"".join(node("MatMul", [f"p{i}", "p0"], f"p{i + 1}") for i in range(products)) + node("ReduceMax", [f"p{products}"], "most")
    graph += node("Concat", ["most", "most"], "embedding", field(5, field(1, "axis") + field(3, 1) + field(20, 2)))
    graph += field(2, "endless") + field(5, field(1, 2) + field(2, 7) + field(8, "shape") + field(9, struct.pack("<qq", 3072, 3072)))
    graph += field(11, value("image", 1, 3, 8, 8)) + field(12, value("embedding", 1, 2))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


def watchdog(manager, listening, path):
    """As systemd would: a model whose run does not end, no beat within the limit, SIGABRT, and a new start on the same socket."""
    limit = 3
    folder = f"{manager.root}{CACHE}/clip/endless__model/visual"
    os.makedirs(folder)
    with open(f"{folder}/model.onnx", "wb") as file:
        file.write(endless())
    with open(f"{folder}/preprocess_cfg.json", "w") as file:
        json.dump({"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}, file)
    run("chown", "-R", f"{manager.uid}:{manager.gid}", f"{manager.root}{CACHE}/clip/endless__model")
    daemon = manager.start(listening=[listening], WATCHDOG_USEC=str(limit * 1_000_000))
    manager.told(30)
    beats, since, peer = 0, time.monotonic(), None
    while manager.told(limit) == "WATCHDOG=1" and time.monotonic() - since < 60:
        beats += 1
        if beats == 3:
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(path)
            send(peer, op="predict", tasks={"clip": {"visual": {"modelName": "endless__model"}}}, image=models()[3])
    pong = is_answer(ask(path, op="ping"))
    check("the watchdog is fed while work goes on, and not once the work loop is stuck, though pings are answered",
          beats >= 3 and time.monotonic() - since < 30 and pong, (beats, time.monotonic() - since, pong))
    ended = manager.end(daemon, signal.SIGABRT)
    check("SIGABRT ends it", ended is not None, ended)
    if peer:
        peer.close()
    daemon = manager.start(listening=[listening], WATCHDOG_USEC=str(limit * 1_000_000))
    manager.told(30)
    check("and the next one feeds again", [manager.told(limit) for _ in range(3)] == ["WATCHDOG=1"] * 3 and is_answer(ask(path, op="ping")))
    check("it ends by itself when told to", manager.end(daemon) == 0)


def gateway(manager, picture):
    """Without a network of its own: the listening socket is handed over."""
    listening = socket.create_server(("127.0.0.1", 0))
    told = manager.notify
    manager.notify = None
    process = manager.start("immich-ml-gateway", [listening], identity=(64999, 64999, [manager.gid]))
    ready = manager.told(30)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        with urllib.request.urlopen(url + "/ping", timeout=30) as answer:
            pong = answer.read()
        line = "----x"
        entries = json.dumps({"clip": {"visual": {"modelName": models()[1]}}})
        body = (f"--{line}\r\nContent-Disposition: form-data; name=\"entries\"\r\n\r\n{entries}\r\n--{line}\r\nContent-Disposition: form-data; "
                f"name=\"image\"; filename=\"p\"\r\nContent-Type: application/octet-stream\r\n\r\n").encode() + picture + f"\r\n--{line}--\r\n".encode()
        request = urllib.request.Request(url + "/predict", body, {"Content-Type": f"multipart/form-data; boundary={line}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answered = json.load(answer)
    except OSError as fault:
        pong, answered = fault, {}
    check("the gateway answers in its sandbox, without a network of its own", ready.startswith("READY=1") and pong == b"pong" and "clip" in answered,
          (ready, pong, str(answered)[:200], manager.said()[-800:]))
    ended = manager.end(process)
    check("and ends with 0 when told to", ended == 0, ended)
    manager.notify.close()
    manager.notify = told
    listening.close()


class Hub(http.server.BaseHTTPRequestHandler):
    """Stands in for Hugging Face: one repository, the files of a folder; who gives no token sees nothing."""
    folder, tokens = "", set()

    def do_GET(self):
        Hub.tokens.add(self.headers.get("Authorization"))
        paths = [os.path.relpath(os.path.join(at, name), Hub.folder) for at, _, names in os.walk(Hub.folder) for name in names]
        body = None
        if self.path.startswith("/api/"):
            entries = []
            for path in paths:
                with open(os.path.join(Hub.folder, path), "rb") as file:
                    content = file.read()
                blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
                entries.append({"type": "file", "path": path, "size": len(content), "oid": blob})
            body = json.dumps(entries).encode()
        for path in paths:
            if self.path.split("?")[0].endswith("/resolve/main/" + path):
                with open(os.path.join(Hub.folder, path), "rb") as file:
                    body = file.read()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


def fetching(manager, folder, picture):
    """A model that is missing: the daemon, without a network, asks the socket; the fetcher is started for it, each in its sandbox."""
    Hub.folder = folder
    hub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    credentials = RUN + "/credentials"
    os.makedirs(manager.root + credentials, exist_ok=True)
    with open(manager.root + credentials + "/hf-token", "w") as file:
        file.write("secret\n")
    listening = manager.listen(RUN + "/fetch.sock", 0o600, manager.uid)
    wish = {"clip": {"visual": {"modelName": "RN101__openai"}}}
    answers = []

    def wait():
        # Whether the request waits for the model or is told to come again is the daemon's affair.
        until = time.monotonic() + 90
        while not (answers and is_answer(answers[-1])) and time.monotonic() < until:
            answers.append(ask(manager.root + SOCKET, op="predict", tasks=wish, image=picture))
            time.sleep(0.3)

    asking = threading.Thread(target=wait)
    asking.start()
    wanted = bool(select.select([listening], [], [], 30)[0])
    process = sandbox.start(
        manager.root, sandbox.Unit(manager.root + UNITS + "immich-ml-fetch.service"), (manager.uid, manager.gid, []), [CACHE], [listening],
        {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_address[1]}", "CREDENTIALS_DIRECTORY": credentials}, log=manager.log)
    asking.join()
    check("a missing model is fetched through the socket, with the token of the credential, while the daemon has no network",
          wanted and answers and is_answer(answers[-1]) and Hub.tokens == {"Bearer secret"},
          (manager.said()[-900:], wanted, Hub.tokens, [one[:200] for one in answers[-2:]]))
    manager.end(process)
    listening.close()
    hub.shutdown()
    shutil.rmtree(manager.root + credentials)


def listing(root):
    found = set()
    for top in ("etc", "usr", "var", "run", "lib", "opt"):
        for folder, folders, names in os.walk(f"{root}/{top}"):
            found |= {os.path.join(folder, name)[len(root):] for name in folders + names}
    volatile = ("/var/log/", "/var/lib/dpkg/", "/var/cache/ldconfig", "/etc/ld.so.cache", "/var/lib/systemd/deb-systemd", "/var/cache/man/",
                "/run/systemd/")
    return {name for name in found if not name.startswith(volatile) and name not in ("/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-", "/etc/.pwd.lock")}


def chrooted(suite, base, deb, thorough):
    print(f"-- {suite} --", flush=True)
    with tempfile.TemporaryDirectory(prefix="immich-ml-root-") as folder:
        root = folder + "/root"
        run("cp", "-a", base, root)
        depends = [one.split("(")[0].strip() for one in run("dpkg-deb", "-f", deb, "Depends").stdout.split(",")]
        names = [one.split("|")[0].strip() for one in depends]
        with open(root + "/usr/sbin/policy-rc.d", "w") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(root + "/usr/sbin/policy-rc.d", 0o755)
        got = inside(root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *names)
        if got.returncode != 0:
            unchecked(f"the package in {suite}", "its dependencies could not be had: " + (got.stdout + got.stderr)[-300:])
            return
        before = listing(root)
        shutil.copy(deb, root + "/tmp/immich-ml.deb")
        got = inside(root, "dpkg", "-i", "/tmp/immich-ml.deb")
        check(f"{suite}: dpkg -i installs it with nothing but its dependencies there", got.returncode == 0, got.stdout + got.stderr)
        os.remove(root + "/tmp/immich-ml.deb")
        got = inside(root, "getent", "passwd", "immich-ml")
        check("its user is there", got.returncode == 0 and "nologin" in got.stdout, got)
        enabled = [os.path.basename(one) for one in glob.glob(f"{root}/etc/systemd/system/sockets.target.wants/immich-ml*")]
        check("its sockets are enabled, the gateway's is not", sorted(enabled) == ["immich-ml-fetch.socket", "immich-ml.socket"], enabled)
        units = [UNITS + os.path.basename(one) for one in glob.glob(f"{root}{UNITS}immich-ml*")]
        got = inside(root, "systemd-analyze", "verify", "--man=no", *units)
        check("systemd-analyze verify has nothing to say of the units", len(units) == 6 and got.returncode == 0 and not (got.stdout + got.stderr).strip(),
              got.stdout + got.stderr)
        for name in ("nvidia", "dri"):
            drop = f"{root}/etc/systemd/system/immich-ml.service.d"
            os.makedirs(drop)
            shutil.copy(f"{root}/usr/share/doc/immich-ml/drop-ins/{name}.conf", drop)
            got = inside(root, "systemd-analyze", "verify", "--man=no", UNITS + "immich-ml.service")
            check(f"nor with the drop-in for {name}", got.returncode == 0 and not (got.stdout + got.stderr).strip(), got.stdout + got.stderr)
            shutil.rmtree(drop)
        try:
            serving(root)
        except Exception as fault:
            log = root + "/var/log/immich-ml.log"
            said = open(log).read()[-1000:] if os.path.exists(log) else ""
            check(f"{suite}: the checks of the running daemon go through", False, f"{said} {fault!r} {traceback.format_exc()[-400:]}")
        if thorough:
            try:
                installed.checks(Installed(root, suite))
            except Exception as fault:
                check(f"{suite}: the checks of what is installed go through", False, f"{fault!r} {traceback.format_exc()[-400:]}")
            programs = root + "/usr/lib/immich-ml"
            passed_on("python3", f"{ROOT}/.ci/badday.py", programs)
            if os.path.exists(f"{ROOT}/src/node-client/out/src/index.js"):
                passed_on("node", f"{ROOT}/.ci/http.mjs", programs)
            else:
                unchecked("the installed gateway as Immich's server meets it", "the Node client is not built")
        again = inside(root, "dpkg", "-r", "immich-ml")
        check("dpkg -r keeps settings and models", again.returncode == 0 and os.path.exists(root + "/etc/immich-ml/immich-ml.conf"), again)
        got = inside(root, "dpkg", "-P", "immich-ml")
        check("dpkg -P says that the models are left", got.returncode == 0 and f"the models in {CACHE} are left" in got.stdout + got.stderr, got)
        left = {name for name in listing(root) - before if not name.startswith(CACHE)}
        check("and leaves nothing else", not left, sorted(left))
        got = inside(root, "getent", "passwd", "immich-ml")
        check("nor the user", got.returncode != 0, got)
        check("what it left belongs to root", os.stat(root + CACHE).st_uid == 0)
        shutil.rmtree(root + CACHE)
        tarball(root, before)
        container(root, deb)


def tarball(root, before):
    """Into /usr/local of the root that the package has left, and out again."""
    found = glob.glob(f"{PACKAGES}/immich-ml-*-linux-x64.tar.xz")
    if not found:
        unchecked("the tarball", f"{PACKAGES} holds none")
        return
    run("tar", "-C", root + "/tmp", "-xf", found[0])
    folder = "/tmp/" + os.path.basename(found[0]).removesuffix(".tar.xz")
    got = inside(root, folder + "/install.sh")
    check("the tarball installs", got.returncode == 0, got)
    units = ["/etc/systemd/system/" + os.path.basename(one) for one in glob.glob(f"{root}/etc/systemd/system/immich-ml*")]
    got = inside(root, "systemd-analyze", "verify", "--man=no", *units)
    check("its units are clean as well", len(units) == 6 and got.returncode == 0 and not (got.stdout + got.stderr).strip(), got)
    got = inside(root, "/usr/local/bin/immich-ml", "demo")
    check("its program runs the demo", got.returncode == 0 and "FOX FINDS" in got.stdout, got)
    with open(root + CACHE + "/model", "w") as file:
        file.write("a model")
    got = inside(root, folder + "/install.sh", "--uninstall", "--purge")
    left = {name for name in listing(root) - before if not name.startswith((CACHE, "/usr/local/share", "/usr/local/lib", "/etc/sysusers.d"))}
    files = [os.path.join(at, name) for at, _, names in os.walk(root + "/usr/local") for name in names]
    check("and goes again, but for the models, and says so", got.returncode == 0 and CACHE in got.stdout and not left and not files, (got, left, files))
    shutil.rmtree(root + folder)


def container(root, deb):
    """The Containerfile's own steps, into a folder, and what it makes run as it says: user 10001, a read-only root, no capabilities."""
    got = inside(root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "libturbojpeg0")
    if got.returncode != 0:
        unchecked("the container's root file system", "libturbojpeg0 could not be had")
        return
    shutil.copy(deb, root + "/tmp/immich-ml.deb")
    shutil.copy(f"{ROOT}/packaging/container/rootfs.sh", root + "/tmp/")
    got = inside(root, "/tmp/rootfs.sh", "/tmp/immich-ml.deb", "/tmp/image")
    image = root + "/tmp/image"
    check("the container's root file system is made", got.returncode == 0 and os.path.exists(image + "/usr/lib/immich-ml/immich-ml"), got)
    shell = [name for name in ("bin/sh", "usr/bin/sh", "usr/bin/dpkg", "usr/bin/apt") if os.path.lexists(f"{image}/{name}")]
    check("no shell and no package manager are in it", not shell, shell)
    size = sum(os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(image) for name in names)
    print(f"container root {size / 1e6:.1f} MB")
    run("cp", "-rT", f"{ROOT}/models/demo", image + "/cache")
    run("chown", "-R", "10001:10001", image + "/cache")
    run("chmod", "-R", "u+rwX", image + "/cache")
    unit = sandbox.Unit(f"{ROOT}/systemd/immich-ml.service")
    words = {"IMMICH_ML_SOCKET": SOCKET, "MACHINE_LEARNING_CACHE_FOLDER": "/cache"}
    program = "/usr/lib/immich-ml/immich-ml"
    identity, writable, log = (10001, 10001, []), ["/cache", RUN], root + "/var/log/container.log"
    daemon = sandbox.start(image, unit, identity, writable, environment=words, arguments=[program, "serve"], log=log)
    until = time.monotonic() + 30
    while not os.path.exists(image + SOCKET) and time.monotonic() < until:
        time.sleep(0.05)
    probe = sandbox.start(image, unit, identity, writable, environment=words, arguments=[program, "health"], log=log)
    healthy = os.waitpid(probe, 0)[1] == 0
    demo = sandbox.start(image, unit, identity, writable, environment=words, arguments=[program, "demo"], log=log)
    shown = os.waitpid(demo, 0)[1]
    os.kill(daemon, signal.SIGTERM)
    ended = os.waitpid(daemon, 0)[1]
    with open(log) as file:
        said = file.read()
    check("under chroot it is healthy, its demo reads, and it ends with 0", healthy and shown == 0 and "FOX FINDS" in said and ended == 0, said)
    shutil.rmtree(image)


def containerfile():
    """dockerfile-utils, from npm: the checks of Docker's own language server."""
    if not shutil.which("npm"):
        unchecked("the Containerfile", "npm is not here to bring a linter")
        return
    with tempfile.TemporaryDirectory() as folder:
        got = run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "dockerfile-utils")
        if got.returncode != 0:
            unchecked("the Containerfile", "no linter could be had")
            return
        shutil.copy(f"{ROOT}/packaging/container/Containerfile", folder + "/Dockerfile")
        got = run(folder + "/node_modules/.bin/dockerfile-utils", "lint", folder + "/Dockerfile")
        check("a linter has nothing to say of the Containerfile", got.returncode == 0 and not got.stdout.strip(), got)


def scripts():
    names = [one for one in glob.glob(f"{ROOT}/packaging/**/*.sh", recursive=True)] + [f"{ROOT}/packaging/deb/{name}" for name in ("postinst", "prerm", "postrm")]
    if not shutil.which("shellcheck"):
        unchecked("the scripts", "shellcheck is not installed")
        return
    got = run("shellcheck", *names)
    check("shellcheck has nothing to say of the scripts", got.returncode == 0, got.stdout)


def main():
    deb = package("immich-ml")
    contents(deb)
    security()
    containerfile()
    scripts()
    if os.geteuid() != 0:
        unchecked("the package in a root of its own", "it takes root")
    elif not sys.argv[2:]:
        unchecked("the package in a root of its own", "none was given")
    else:
        for root in sys.argv[2:]:
            try:
                chrooted(os.path.basename(root), root, deb, thorough=root == sys.argv[2])
            except Exception:
                # What comes behind it was not looked at: that is no success.
                check(f"{os.path.basename(root)}: the checks come to their end", False, traceback.format_exc()[-600:])
    sys.exit(1 if failures + installed.failures else 0)


main()

#!/usr/bin/env python3
"""The model store from outside, with the published programs: python3 .ci/store.py RELEASE_TREE

A hub of the standard library stands in on loopback, with the demo's CLIP model in every repository. Models are pulled from it, carried to
another cache, served without a single connection to the network, and served from caches that are mounted read-only, one of them with two revisions
amid what Immich's own service leaves. Prints "ok WHAT" or "not ok WHAT" for each check and exits with 1 when one failed. Needs strace and
unshare.
"""
import gzip
import hashlib
import http.server
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from report import check, finish

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RELEASE = os.path.abspath(sys.argv[1])
DAEMON = os.path.join(RELEASE, "immich-ml")
FETCH = os.path.join(RELEASE, "immich-ml-fetch")
DEMO = os.path.join(ROOT, "models", "demo")
MODEL = os.path.join(DEMO, "clip", "synthetic__demo")
NAME, OTHER = "ViT-B-32__openai", "RN50__openai"
FILES = {os.path.relpath(os.path.join(folder, name), MODEL): open(os.path.join(folder, name), "rb").read()
         for folder, _, names in os.walk(MODEL) for name in names}
asked = []


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked.append(self.path)
        if self.path.startswith("/api/"):
            body = json.dumps([{"type": "file", "path": path, "size": len(data), "lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}}
                               for path, data in FILES.items()]).encode()
        else:
            body = FILES[self.path.split("/resolve/")[1].split("/", 1)[1]]
        if self.server.held is not None and self.path.endswith("/textual/model.onnx"):
            self.server.held.wait(60)
        body = gzip.compress(body) if self.server.compresses else body
        self.send_response(200)
        if self.server.compresses:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def environment(**more):
    kept = {name: value for name, value in os.environ.items()
            if not name.upper().startswith(("HF_", "MACHINE_LEARNING_", "IMMICH_")) and not name.upper().endswith("_PROXY")}
    return {**kept, **more}


def run(*arguments, **settings):
    return subprocess.run([DAEMON, *arguments], capture_output=True, text=True, timeout=120, env=environment(**settings))


class Served:
    """A daemon, started by a command line that ends in its own, and stopped by the id that its info tells."""

    def __init__(self, folder, cache, *before, **settings):
        self.path = os.path.join(folder, f"{len(os.listdir(folder))}.sock")
        self.log = open(self.path + ".log", "w+")
        self.child = subprocess.Popen([*before, DAEMON, "serve", "--socket", self.path, "--cache", cache], stderr=self.log, env=environment(**settings))

    def __enter__(self):
        until = time.monotonic() + 30
        while not os.path.exists(self.path) and self.child.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        return self

    def embed(self, name):
        return run("embed", "--model", name, "--text", "a red square", "--json", "--socket", self.path)

    def __exit__(self, *_):
        told = run("info", "--json", "--socket", self.path)
        if told.returncode == 0:
            os.kill(json.loads(told.stdout)["pid"], 15)
        else:
            self.child.kill()
        self.child.wait(30)
        self.log.seek(0)


def network(trace):
    """Connections that are not to a Unix socket."""
    with open(trace) as lines:
        return [line.strip() for line in lines if "connect(" in line and "AF_UNIX" not in line]


def pull(folder, hub, cache):
    trace = os.path.join(folder, "pull.trace")
    traced = subprocess.run(["strace", "-f", "-qq", "-e", "trace=connect", "-o", trace, DAEMON, "models", "pull", NAME, "--cache", cache],
                            capture_output=True, text=True, timeout=120, env=environment(HF_ENDPOINT=hub))
    check("the published programs pull a model from a hub", traced.returncode == 0, traced.stderr)
    same = all(open(os.path.join(cache, "clip", NAME, path), "rb").read() == data for path, data in FILES.items())
    check("every file has the hub's bytes", same)
    check("a pull is seen to connect, so that the absence of connections below means something", len(network(trace)) > 0)
    verified = run("models", "verify", "--cache", cache)
    check("verify finds it as it came", verified.returncode == 0 and verified.stdout.count("ok, fetched") == 2, verified.stdout + verified.stderr)
    listed = run("models", "list", "--cache", cache)
    check("list names both its sides, a line each", listed.stdout.count(NAME) == 2 == len(listed.stdout.splitlines()), listed.stdout)


def arrival(folder, hub):
    """A request for a model that is not here: it arrives, and is answered."""
    cache = os.path.join(folder, "arrival")
    with Served(folder, cache, HF_ENDPOINT=hub) as daemon:
        first = daemon.embed(NAME)
        check("a request for a missing model fetches it and is answered", first.returncode == 0, first.stderr)
        unknown = daemon.embed("ViT-B-32_openia")
        check("an unknown name is told its neighbours", unknown.returncode == 2 and NAME in unknown.stderr, unknown.stderr)


def activated(folder, hub):
    """As in the packages: the fetcher on an inherited socket; the daemon in a network namespace where there is nothing."""
    path, cache = os.path.join(folder, "fetch.sock"), os.path.join(folder, "activated")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(16)
    os.mkdir(cache)
    child = os.fork()
    if child == 0:
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execve(FETCH, [FETCH, "serve"], environment(
            LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), MACHINE_LEARNING_CACHE_FOLDER=cache, HF_ENDPOINT=hub, IMMICH_ML_FETCH_IDLE="2"))
    with Served(folder, cache, "unshare", "-n" if os.getuid() == 0 else "-rn", IMMICH_ML_FETCH_SOCKET=path) as daemon:
        embedded = daemon.embed(NAME)
        check("a daemon without a network gets a model through the fetcher's socket", embedded.returncode == 0, embedded.stderr)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    check("the fetcher ends by itself when nobody asks", status == 0, str(status))


def offline(folder, pulled):
    cache, tar, trace = os.path.join(folder, "offline"), os.path.join(folder, "model.tar"), os.path.join(folder, "serve.trace")
    exported = run("models", "export", NAME, "-o", tar, "--cache", pulled)
    imported = run("models", "import", tar, "--cache", cache)
    check("what is exported here can be imported there", exported.returncode == imported.returncode == 0, exported.stderr + imported.stderr)
    before = len(asked)
    with Served(folder, cache, "strace", "-D", "-f", "-qq", "-e", "trace=connect", "-o", trace, HF_HUB_OFFLINE="1") as daemon:
        embedded, missing = daemon.embed(NAME), daemon.embed(OTHER)
        check("an imported model serves offline", embedded.returncode == 0, embedded.stderr)
        check("one that is not here is model_unavailable", missing.returncode == 3 and "model_unavailable" in missing.stderr, missing.stderr)
    time.sleep(0.5)
    check("offline the daemon connects to nothing", network(trace) == [] and len(asked) == before, str(network(trace)))
    refused = run("models", "pull", OTHER, "--cache", cache, HF_HUB_OFFLINE="1")
    check("a pull says that it is offline and exits with 3", refused.returncode == 3 and "offline" in refused.stderr, refused.stderr)


def open_files(pid):
    """What a process has open, by the kernel's names."""
    found = {}
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
        except OSError:
            pass
    return found


def children(pid):
    return [int(one) for thread in os.listdir(f"/proc/{pid}/task") for one in open(f"/proc/{pid}/task/{thread}/children").read().split()]


def handed_over(folder, hub, server):
    """As under systemd: the daemon on an inherited socket, which the fetcher that it starts must not get."""
    path, cache = os.path.join(folder, "handed.sock"), os.path.join(folder, "handed")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(16)
    own = open_files(os.getpid())[listening.fileno()]
    server.held, before = threading.Event(), len(asked)
    child = os.fork()
    if child == 0:
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execve(DAEMON, [DAEMON, "serve", "--cache", cache], environment(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), HF_ENDPOINT=hub))
    asking = subprocess.Popen([DAEMON, "load", "clip", "textual", NAME, "--socket", path],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    until = time.monotonic() + 60
    while not any(one.endswith("/textual/model.onnx") for one in asked[before:]) and time.monotonic() < until:
        time.sleep(0.05)
    fetchers = children(child)
    inherited = [number for one in fetchers for number, what in open_files(one).items() if what == own]
    check("the daemon's listening socket is not the fetcher's",
          len(fetchers) > 0 and own in open_files(child).values() and inherited == [], str((fetchers, inherited)))
    server.held.set()
    errors = asking.communicate(timeout=60)[1]
    check("and the model comes", asking.returncode == 0, errors)
    os.kill(child, 15)
    os.waitpid(child, 0)
    server.held = None


def odd(folder, hub, server, pulled):
    """Mirrors, tar files and caches that are not as they should be: told in one line, with the right exit code."""
    server.compresses = True
    cache = os.path.join(folder, "compressed")
    came = run("models", "pull", NAME, "--cache", cache, HF_ENDPOINT=hub)
    server.compresses = False
    same = came.returncode == 0 and all(open(os.path.join(cache, "clip", NAME, path), "rb").read() == data for path, data in FILES.items())
    check("a mirror that compresses though nobody asked is read", same, came.stderr)

    holes, tar = os.path.join(folder, "clip", "sparse", "visual"), os.path.join(folder, "sparse.tar")
    os.makedirs(holes)
    with open(os.path.join(holes, "model.onnx"), "wb") as model:
        model.truncate(1 << 20)
        model.seek(1 << 20)
        model.write(b"end")
    for form in "gnu", "pax":
        subprocess.run(["tar", "--sparse", f"--format={form}", "-cf", tar, "-C", folder, "clip"], check=True)
        refused = run("models", "import", tar, "--cache", cache)
        check(f"a tar file with holes ({form}) is refused in one line",
              refused.returncode == 2 and len(refused.stderr.strip().splitlines()) == 1, f"{refused.returncode} {refused.stderr}")

    verbs = ["models", "list"], ["models", "verify"], ["serve", "--socket", os.path.join(folder, "x.sock")]
    told = [run(*verb, "--cache", tar) for verb in verbs]
    check("a file in the cache's place is told in one line and the exit code is 3",
          all(one.returncode == 3 and len(one.stderr.strip().splitlines()) == 1 for one in told), str(told))
    os.chmod(os.path.join(pulled, "clip"), 0)
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.getuid() == 0 else []
    listed = subprocess.run([*plain, DAEMON, "models", "list", "--cache", pulled],
                            capture_output=True, text=True, timeout=60, env=environment())
    os.chmod(os.path.join(pulled, "clip"), 0o755)
    check("a cache that may not be read is not called empty",
          listed.returncode == 3 and "denied" in listed.stderr and "No models" not in listed.stdout, str(listed))


def passing(folder, hub, pulled):
    """A good model that may not be read, or is a pipe: named, not fetched again, and used when that is over."""
    model = os.path.join(pulled, "clip", NAME, "textual", "model.onnx")
    before, good = len(asked), open(model, "rb").read()
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.getuid() == 0 else []
    with Served(folder, pulled, *plain, HF_ENDPOINT=hub) as daemon:
        os.chmod(model, 0)
        denied = daemon.embed(NAME)
        check("a model that may not be read is unavailable and named",
              "model_unavailable" in denied.stderr and model in denied.stderr, denied.stderr)
        os.chmod(model, 0o644)
        check("it is not fetched again and answers once it may be read",
              daemon.embed(NAME).returncode == 0 and len(asked) == before, str(asked[before:]))
        record = os.path.join(os.path.dirname(model), ".immich-ml.json")
        os.rename(record, record + ".kept")
        run("unload", "clip", "textual", NAME, "--socket", daemon.path)
        os.remove(model)
        os.mkfifo(model)
        piped = daemon.embed(NAME)
        check("a pipe in place of a model is named", piped.returncode == 3 and f"{model} is a pipe" in piped.stderr, piped.stderr)
        os.remove(model)
        with open(model, "wb") as put:
            put.write(good)
        os.rename(record + ".kept", record)
        check("and the model is used once it is there again", daemon.embed(NAME).returncode == 0)


def mounted(cache):
    """What starts a program that sees this cache read-only."""
    at = shlex.quote(cache)
    mount = f'mount --bind {at} {at} && mount -o remount,ro,bind {at} && ! touch {at}/x 2>/dev/null && exec "$@"'
    return "unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c", mount, "sh"


def read_only(folder):
    with Served(folder, DEMO, *mounted(DEMO)) as daemon:
        embedded = daemon.embed("synthetic__demo")
        check("a cache that is mounted read-only serves", embedded.returncode == 0, embedded.stderr)
        missing = run("load", "clip", "textual", NAME, "--socket", daemon.path)
        check("a model that cannot be put there is told so", missing.returncode == 3 and "Read-only" in missing.stderr, missing.stderr)


def revisions(folder, hub, pulled):
    """A cache as Immich 3.3 leaves it: two revisions, and locks, rewritten graphs and copies for its hardware, which are no models."""
    cache, newer = os.path.join(folder, "revisions"), {"MACHINE_LEARNING_MODEL_REVISION": "v2"}
    shutil.copytree(pulled, cache)
    before = len(asked)
    came = run("models", "pull", NAME, "--revision", "v2", "--cache", cache, HF_ENDPOINT=hub, MACHINE_LEARNING_MODEL_ORGANIZATION="immich-testing")
    check("a revision is asked for in its organisation", came.returncode == 0 and len(asked) > before
          and all("/v2/" in one or "/tree/v2?" in one for one in asked[before:]) and all("immich-testing/" in one for one in asked[before:]),
          came.stderr + str(asked[before:]))
    shutil.rmtree(os.path.join(cache, ".partial"))
    for left in ("model.lock", "v2/model.lock", "v2/textual/model.rw-0f3a.onnx", "textual/cpu/x86_64/batch1/model.onnx",
                 "textual/cpu/x86_64/batch1/manifest.json", "v2/textual/openvino/GPU/model_fp16.onnx", "cpu/x86_64/batch1_height640_width640/model.data"):
        path = os.path.join(cache, "clip", NAME, left)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(bytes(100_000_000 if left.endswith("rw-0f3a.onnx") else 1))
    size = sum(len(data) for path, data in FILES.items() if path.startswith("textual/"))
    for force, settings in ("main", {}), ("v2", newer):
        listed = run("models", "list", "--cache", cache, "--json", **settings)
        found = [(one["revision"], one["bytes"], one["inForce"]) for one in json.loads(listed.stdout) if one["type"] == "textual"]
        check(f"list shows both revisions with their sizes and that {force} is in force",
              found == [("main", size, force == "main"), ("v2", size, force == "v2")], listed.stdout + listed.stderr)
    answers, before = [], len(asked)
    for settings in {}, newer:
        with Served(folder, cache, *mounted(cache), HF_ENDPOINT=hub, HF_HUB_OFFLINE="1", **settings) as daemon:
            answers.append(daemon.embed(NAME))
    check("either revision is served offline from that cache, mounted read-only",
          all(one.returncode == 0 for one in answers) and len(asked) == before, str(answers))
    with Served(folder, cache, HF_HUB_OFFLINE="1", MACHINE_LEARNING_MODEL_REVISION="v3") as daemon:
        missing = daemon.embed(NAME)
        check("one that is missing is told with those that are there",
              missing.returncode == 3 and "in revision v3; revisions main, v2 are there" in missing.stderr, missing.stderr)
    removed = run("models", "rm", NAME, "--cache", cache, **newer)
    kept = run("models", "verify", "--cache", cache)
    check("removing one leaves the other", removed.returncode == 0 and not os.path.exists(os.path.join(cache, "clip", NAME, "v2"))
          and kept.returncode == 0 and kept.stdout.count("ok, fetched") == 2, removed.stderr + kept.stdout + kept.stderr)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.held, server.compresses = None, False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        pulled = os.path.join(folder, "pulled")
        pull(folder, hub, pulled)
        arrival(folder, hub)
        activated(folder, hub)
        offline(folder, pulled)
        read_only(folder)
        revisions(folder, hub, pulled)
        handed_over(folder, hub, server)
        passing(folder, hub, pulled)
        odd(folder, hub, server, pulled)
    finish()


main()

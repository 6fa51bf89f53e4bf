#!/usr/bin/env python3
"""The model store from outside, with the published programs: python3 .ci/store.py RELEASE_TREE

A hub of the standard library stands in on loopback, with the demo's CLIP model in every repository. Models are pulled from it, carried to
another cache, served without a single connection to the network, and served from a cache that is mounted read-only. Prints "ok WHAT" or
"not ok WHAT" for each check and exits with 1 when one failed. Needs strace and unshare.
"""
import hashlib
import http.server
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time

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
failures = 0


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked.append(self.path)
        if self.path.startswith("/api/"):
            body = json.dumps([{"type": "file", "path": path, "size": len(data), "lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}}
                               for path, data in FILES.items()]).encode()
        else:
            body = FILES[self.path.split("/resolve/main/")[1]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def check(what, good, detail=""):
    global failures
    failures += not good
    print(("ok " if good else "not ok ") + what + (f" ({detail})" if detail and not good else ""), flush=True)


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


def read_only(folder):
    mount = f'mount --bind {shlex.quote(DEMO)} {shlex.quote(DEMO)} && mount -o remount,ro,bind {shlex.quote(DEMO)} && ! touch {shlex.quote(DEMO)}/x 2>/dev/null && exec "$@"'
    with Served(folder, DEMO, "unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c", mount, "sh") as daemon:
        embedded = daemon.embed("synthetic__demo")
        check("a cache that is mounted read-only serves", embedded.returncode == 0, embedded.stderr)
        missing = run("load", "clip", "textual", NAME, "--socket", daemon.path)
        check("a model that cannot be put there is told so", missing.returncode == 3 and "Read-only" in missing.stderr, missing.stderr)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        pulled = os.path.join(folder, "pulled")
        pull(folder, hub, pulled)
        arrival(folder, hub)
        activated(folder, hub)
        offline(folder, pulled)
        read_only(folder)
    sys.exit(1 if failures else 0)


main()

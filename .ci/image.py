#!/usr/bin/env python3
"""The container image, looked into and run: .ci/image.py IMAGES [QUADLET_ROOT]

IMAGES is the folder that packaging/container/build.sh has filled. QUADLET_ROOT is a root with podman's generator for Quadlet files. Whatever
can run an image where this runs does: podman with one of its runtimes and networks, else chroot; the output says which.
"""
import glob
import hashlib
import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request

from manager import ROOT, run
from report import check, finish, unchecked

IMAGES = os.path.abspath(sys.argv[1])
SHARED = os.environ.get("IMMICH_ML_SHARED", os.path.dirname(ROOT) + "/shared")
CONTAINER = ROOT + "/packaging/container"
NAME = "immich-ml:" + re.search("<Version>(.*)</Version>", open(ROOT + "/Directory.Build.props").read()).group(1)
PORT = 30_000 + os.getpid() % 9_000
# Raising a limit may be forbidden here.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"]
HARDENED = ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"]


class Archive:
    """An OCI layout in a tar file."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.files = {entry.name: tar.extractfile(entry).read() for entry in tar}
        self.wrong = [name for name, content in self.files.items() if name.startswith("blobs/sha256/") and hashlib.sha256(content).hexdigest() != name[13:]]
        self.index = json.loads(self.files["index.json"])

    def read(self, descriptor):
        content = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        if len(content) != descriptor["size"]:
            self.wrong.append(descriptor["digest"])
        return content

    def manifests(self):
        """Platform to manifest, through an index of several where there is one."""
        found, open_ends = {}, list(self.index["manifests"])
        while open_ends:
            one = open_ends.pop()
            inner = json.loads(self.read(one))
            if "manifests" in inner:
                open_ends += inner["manifests"]
            else:
                found["{os}/{architecture}".format(**one["platform"])] = inner
        return found


def looked_into(arch, machine):
    path = glob.glob(f"{IMAGES}/immich-ml-*-{arch}.oci.tar")[0]
    archive = Archive(path)
    manifest = archive.manifests()[f"linux/{arch}"]
    config = json.loads(archive.read(manifest["config"]))
    inner = config["config"]
    layer = subprocess.run(["zstd", "-dc"], input=archive.read(manifest["layers"][0]), stdout=subprocess.PIPE, check=True).stdout
    check(f"{arch}: every blob is what its name says, one layer is what the configuration says",
          not archive.wrong and len(manifest["layers"]) == 1 and config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()], archive.wrong)
    check(f"{arch}: no root, an entry point, a port, a volume, a signal, a health check",
          (inner["User"], inner["Entrypoint"], inner["Cmd"], list(inner["ExposedPorts"]), list(inner["Volumes"]), inner["StopSignal"], inner["Healthcheck"]["Test"])
          == ("10001:10001", ["/usr/bin/immich-ml"], ["serve", "--http"], ["3003/tcp"], ["/cache"], "SIGTERM", ["CMD", "/usr/bin/immich-ml", "health"]), inner)
    labels = {f"org.opencontainers.image.{word}" for word in ("title", "description", "version", "revision", "created", "licenses")}
    check(f"{arch}: labels say what it is", labels <= set(inner["Labels"]) and NAME.endswith(":" + inner["Labels"]["org.opencontainers.image.version"]), inner["Labels"])
    tar = tarfile.open(fileobj=io.BytesIO(layer))
    entries = {entry.name.lstrip("./"): entry for entry in tar}
    size = sum(entry.size for entry in entries.values())
    print(f"{arch}: archive {os.path.getsize(path) / 1e6:.1f} MB, unpacked {size / 1e6:.1f} MB ({size / 2**20:.1f} MiB)")
    check(f"{arch}: it takes 30 MB at most, unpacked 86 MB", os.path.getsize(path) <= 30_000_000 and size <= 86_000_000, size)
    shells = [name for name in entries if re.search(r"bin/(sh|bash|dash|busybox|dpkg|apt.*)$", name)]
    check(f"{arch}: no shell and no package manager are in it, and nothing that makes root", not shells and not any(entry.mode & 0o6000 for entry in entries.values()), shells)
    own = [tar.extractfile(entries["usr/lib/immich-ml/" + name]).read(20)[18] for name in ("immich-ml", "immich-ml-gateway", "immich-ml-fetch", "libonnxruntime.so")]
    check(f"{arch}: the programs are that architecture's", own == [machine] * 4, own)
    bom = json.load(tar.extractfile(entries["usr/share/doc/immich-ml/sbom.cdx.json"]))
    parts = {part["name"]: part for part in bom["components"]}
    digest = hashlib.sha256(tar.extractfile(entries["usr/lib/immich-ml/immich-ml-gateway"]).read()).hexdigest()
    check(f"{arch}: the list of parts names the files, the packages and what Debian made",
          digest in json.dumps(parts["immich-ml-gateway"]) + json.dumps([one for one in bom["components"] if one["type"] == "file"])
          and {"libc6", "libssl3", "libstdc++6", "ca-certificates"} <= set(parts) and "SkiaSharp" in parts, sorted(parts))
    told = [name for name in ("libc6", "libssl3", "libstdc++6", "libgcc-s1", "libturbojpeg0") if f"usr/share/doc/{name}/copyright" not in entries]
    check(f"{arch}: each has its licence beside it", not told and "usr/share/doc/immich-ml/licenses/NOTICES.txt" in entries, told)
    return layer


class Podman:
    """Podman with a runtime and a network of its choice, all that it stores in a folder of ours."""

    def __init__(self, folder, driver, runtime, network):
        self.name, self.network = f"podman, {driver}, {runtime}, {network}", network
        self.options = ["--root", f"{folder}/{driver}", "--runroot", f"{folder}/run-{driver}", "--storage-driver", driver, "--runtime", runtime]

    def ask(self, *arguments, **more):
        verb, rest = arguments[0], arguments[1:]
        return run("podman", *self.options, verb, *rest, **more)

    def address(self):
        return ["-p", f"127.0.0.1:{PORT}:3003"] if self.network == "bridge" else ["--network=host", "-e", "IMMICH_HOST=127.0.0.1", "-e", f"IMMICH_PORT={PORT}"]

    def works(self):
        got = self.ask("run", "--rm", *HARDENED, *LIMITS, *self.address(), NAME, "--version")
        return got.returncode == 0

    def start(self, cache, user):
        self.ask("create", "--name", "ml", *HARDENED, *LIMITS, *self.address(), *(["--user", user] if user else []), "-v", f"{cache}:/cache", NAME)
        got = self.ask("start", "ml")
        if got.returncode != 0:
            raise RuntimeError(got.stderr)
        self.pid = int(self.ask("inspect", "ml", "--format", "{{.State.Pid}}").stdout)

    def health(self):
        return self.ask("exec", "ml", "/usr/bin/immich-ml", "health")

    def end(self):
        self.ask("stop", "-t", "20", "ml")
        code = int(self.ask("inspect", "ml", "--format", "{{.State.ExitCode}}").stdout)
        log = self.ask("logs", "ml")
        self.ask("rm", "-f", "-v", "ml")
        return code, log.stdout + log.stderr

    def clear_away(self):
        for words in (("rm", "-fav"), ("network", "prune", "-f"), ("volume", "prune", "-f"), ("rmi", "-af")):
            self.ask(*words)


class Chroot:
    """The unpacked layer, a mount namespace, another user: where no container can be made."""

    name = "chroot"

    def __init__(self, folder, layer):
        self.root, self.log = folder + "/chroot", folder + "/chroot.log"
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            tar.extractall(self.root)

    def command(self, *arguments):
        script = (f"mount --bind {self.cache} {self.root}/cache && mount -t proc proc {self.root}/proc && mount --bind /dev {self.root}/dev"
                  f' && exec chroot --userspec={self.user} {self.root} "$@"')
        return ["unshare", "--mount", "sh", "-c", script, "sh", *arguments]

    def environment(self):
        return {"IMMICH_ML_SOCKET": "/tmp/immich-ml.sock", "MACHINE_LEARNING_CACHE_FOLDER": "/cache", "IMMICH_HOST": "127.0.0.1", "IMMICH_PORT": str(PORT), "PATH": os.environ["PATH"]}

    def start(self, cache, user):
        self.cache, self.user = cache, user or "10001:10001"
        self.child = subprocess.Popen(self.command("/usr/bin/immich-ml", "serve", "--http"), env=self.environment(), stdout=subprocess.DEVNULL, stderr=open(self.log, "w"))
        self.pid = self.child.pid

    def health(self):
        return run(*self.command("/usr/bin/immich-ml", "health"), env=self.environment())

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(30), open(self.log).read()

    def clear_away(self):
        if getattr(self, "child", None) and self.child.poll() is None:
            self.child.kill()


def engine(folder, layer, archive):
    if shutil.which("podman"):
        runtimes = [name for name in ("crun", "runc") if shutil.which(name)]
        for driver, runtime, network in itertools.product(("overlay", "vfs"), runtimes, ("bridge", "host")):
            one = Podman(folder, driver, runtime, network)
            if one.ask("load", "-q", "-i", archive).returncode == 0 and one.works():
                return one
    return Chroot(folder, layer)


def fetch(path, body=None, kind=None, patience=30.0):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data=body, headers={"Content-Type": kind} if kind else {})
    with urllib.request.urlopen(request, timeout=patience) as answer:
        return answer.read().decode()


def predict(entries, picture):
    with open(picture, "rb") as file:
        content = file.read()
    part = lambda name, value, more="": b"--cut\r\n" + f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
    body = part("entries", json.dumps(entries).encode()) + part("image", content, '; filename="blob"') + b"--cut--\r\n"
    try:
        return json.loads(fetch("/predict", body, "multipart/form-data; boundary=cut"))
    except urllib.error.HTTPError as refused:
        return {"refused": refused.read().decode()}
    except OSError as broken:
        return {"broken": str(broken)}


def pong(since):
    """Seconds until the first pong."""
    while time.monotonic() - since < 20:
        try:
            if fetch("/ping", patience=1.0) == "pong":
                return time.monotonic() - since
        except OSError:
            time.sleep(0.005)
    return None


def born(pid):
    """When that process was started, by the clock of time.monotonic (proc(5): field 22, in ticks since boot)."""
    with open(f"/proc/{pid}/stat") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK") + time.monotonic() - time.clock_gettime(time.CLOCK_BOOTTIME)


def cache_for(folder, uid):
    """The shared models, and faces of our own."""
    cache = f"{folder}/cache-{uid}"
    os.mkdir(cache)
    for task in ("clip", "ocr"):
        shutil.copytree(f"{SHARED}/models/cache/{task}", f"{cache}/{task}")
    shutil.copytree(ROOT + "/models/demo/facial-recognition", cache + "/facial-recognition")
    run("chown", "-R", f"{uid}:{uid}", cache)
    run("chmod", "-R", "u+rwX,go=rX", cache)
    return cache


def answers():
    with open(SHARED + "/golden/predict-3.3.json") as file:
        golden = json.load(file)["legacy"]
    names = [name for name in golden if name.startswith("photos/astronaut") or name.startswith("text/page")]
    model = "PP-OCRv5_mobile"
    ocr = {"detection": {"modelName": model, "options": {"minScore": 0.5, "maxResolution": 736}}, "recognition": {"modelName": model, "options": {"minScore": 0.8}}}
    for name in names:
        got = predict({"clip": {"visual": {"modelName": "RN50__openai"}}, "ocr": ocr}, f"{SHARED}/corpus/{name}")
        wanted = golden[name]
        numbers = json.loads(got.get("clip", "[]"))
        near = len(numbers) == 512 and max(abs(a - b) for a, b in zip(numbers, wanted["clip_probe"]["embedding"])) < 1e-6
        check(f"an embedding of {name} comes back in Immich's form, and the original's numbers", near, str(got)[:300])
        check(f"the texts of {name} as well", got.get("ocr", {}).get("text") == wanted["ocr"]["ocr"]["text"], str(got)[:300])
    kinds = {"detection": {"modelName": "synthetic__demo", "options": {"minScore": 0.1}}, "recognition": {"modelName": "synthetic__demo"}}
    got = predict({"facial-recognition": kinds}, f"{SHARED}/corpus/photos/astronaut.png")
    faces = got.get("facial-recognition") or []
    check("and faces", len(names) == 2 and faces and set(faces[0]) == {"boundingBox", "embedding", "score"}, str(got)[:300])


def running(one, folder):
    print(f"the image is run by: {one.name}", flush=True)
    waits = []
    cache = cache_for(folder, 10001)
    for turn in range(3):
        first = []
        begun = time.monotonic()
        waiter = threading.Thread(target=lambda: first.append(pong(begun)))
        waiter.start()
        one.start(cache, None)
        waiter.join()
        waits.append((begun + (first[0] or 99) - born(one.pid), first[0] or 99))
        if turn < 2:
            one.end()
    alone, whole = min(waits)
    print(f"first pong {alone * 1000:.0f} ms after its process began, {whole * 1000:.0f} ms after the engine was told")
    check("the first pong comes within 0.5 s of the container's start", alone <= 0.5, waits)
    answers()
    got = one.health()
    check("its own health check is content", got.returncode == 0 and "healthy" in got.stdout, got)
    code, log = one.end()
    check("told to stop, both programs do, with 0 and one log", code == 0 and "RunningGateway: Stopping" in log and "SocketListener: Stopped" in log, (code, log))

    one.start(cache_for(folder, 0), "0:0")
    ready = pong(time.monotonic())
    got = predict({"clip": {"visual": {"modelName": "RN50__openai"}}}, f"{SHARED}/corpus/photos/astronaut.png")
    check("a volume of Immich's own, which belongs to root, is served by root without capabilities", ready and "clip" in got, str(got)[:300])
    one.end()


def composed(one, folder):
    """The files as they are pasted, but for the port."""
    if not isinstance(one, Podman) or one.network != "bridge" or not shutil.which("podman-compose"):
        unchecked("the compose files", f"the engine here is {one.name}")
        return
    options = ["--podman-args", " ".join(one.options), "--podman-run-args", " ".join(LIMITS)]
    for name, where in (("compose.yaml", None), ("compose.remote.yaml", f"http://127.0.0.1:{PORT}")):
        project = f"{folder}/{name.replace('.', '')}{PORT}"
        os.mkdir(project)
        with open(f"{CONTAINER}/{name}") as file:
            text = file.read()
        with open(project + "/compose.yaml", "w") as file:
            file.write(text.replace('"3003:3003"', f'"127.0.0.1:{PORT}:3003"'))
        open(project + "/.env", "w").close()
        up = run("podman-compose", *options, "up", "-d", cwd=project)
        there = json.loads(one.ask("ps", "--format", "json").stdout or "[]")
        said = ""
        if there:
            networks = json.loads(one.ask("inspect", there[0]["Id"]).stdout)[0]["NetworkSettings"]["Networks"]
            address = where or "http://" + next(iter(networks.values()))["IPAddress"] + ":3003"
            for _ in range(100):
                try:
                    said = urllib.request.urlopen(address + "/ping", timeout=2).read().decode()
                    break
                except OSError:
                    time.sleep(0.05)
        check(f"{name}: what it starts says pong on port 3003", said == "pong", (up.stdout + up.stderr)[-600:])
        run("podman-compose", *options, "down", "-v", cwd=project)


def quadlets(root):
    if not root or not os.path.exists(root + "/usr/libexec/podman/quadlet"):
        unchecked("the Quadlet files", "podman's generator is not here")
        return
    os.makedirs(root + "/tmp/quadlets", exist_ok=True)
    for name in ("immich-ml.container", "immich-ml.volume"):
        shutil.copy(f"{CONTAINER}/{name}", root + "/tmp/quadlets")
    got = run("chroot", root, "env", "QUADLET_UNIT_DIRS=/tmp/quadlets", "/usr/libexec/podman/quadlet", "--dryrun")
    wanted = ["-v immich-ml-models:/cache", "--publish 3003:3003", "--read-only", "--cap-drop all", "--sdnotify=container", "localhost/" + NAME]
    missing = [word for word in wanted if word not in got.stdout]
    check("podman's generator makes units of the Quadlet files", got.returncode == 0 and not missing and "unsupported" not in got.stderr, (missing, got.stderr))


def versions():
    files = [f"{CONTAINER}/{name}" for name in ("compose.yaml", "compose.remote.yaml", "immich-ml.container")]
    other = [path for path in files if re.search(r"[iI]mage[:=] ?(?:localhost/)?(\S+)", open(path).read()).group(1) != NAME]
    check("the files that start it name this version's image", not other, other)


def main():
    layer = looked_into("amd64", 62)
    if glob.glob(f"{IMAGES}/immich-ml-*-arm64.oci.tar"):
        looked_into("arm64", 183)
        both = Archive(glob.glob(f"{IMAGES}/immich-ml-*-all.oci.tar")[0])
        check("one archive holds both, in an index", set(both.manifests()) == {"linux/amd64", "linux/arm64"} and not both.wrong, both.wrong)
    versions()
    quadlets(sys.argv[2] if len(sys.argv) > 2 else "")
    archive = (glob.glob(f"{IMAGES}/immich-ml-*-all.oci.tar") or glob.glob(f"{IMAGES}/immich-ml-*-amd64.oci.tar"))[0]
    folder = tempfile.mkdtemp(prefix="immich-ml-image-")
    one = None
    try:
        one = engine(folder, layer, archive)
        running(one, folder)
        composed(one, folder)
    except Exception:
        check("the image can be used", False, traceback.format_exc()[-900:])
    finally:
        if one:
            one.clear_away()
        run("umount", "-q", folder + "/overlay/overlay")
        shutil.rmtree(folder, ignore_errors=True)
    finish()


main()

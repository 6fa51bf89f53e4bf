"""The installed daemon, gateway and fetcher at work in a root, from their units' sandboxes: asked, killed, reloaded, stuck."""
import glob
import hashlib
import http.server
import json
import os
import select
import shutil
import signal
import socket
import threading
import time
import urllib.request

import clip
import sandbox
from manager import CACHE, ROOT, RUN, SOCKET, UNITS, Manager, inside, run
from report import check
from wire import ask, is_answer, receive, result, send

SHARED = os.environ.get("IMMICH_ML_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))


def models():
    """A cache, its CLIP and OCR models, a picture, and the texts in it as the original reads them."""
    shared = f"{SHARED}/models/cache"
    if not os.path.isdir(shared):
        with open(sorted(glob.glob(f"{ROOT}/tests/golden/images/*.png"))[0], "rb") as file:
            return f"{ROOT}/models/demo", "synthetic__demo", "synthetic__demo", file.read(), None
    with open(f"{SHARED}/golden/predict-3.3.json") as file:
        golden = json.load(file)["legacy"]
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


def watchdog(manager, listening, path):
    """As systemd would: a model whose run does not end, no beat within the limit, SIGABRT, and a new start on the same socket."""
    limit = 3
    folder = f"{manager.root}{CACHE}/clip/endless__model/visual"
    os.makedirs(folder)
    with open(f"{folder}/model.onnx", "wb") as file:
        file.write(clip.endless())
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

#!/usr/bin/env python3
"""What watches the daemon: .ci/monitoring.py RELEASE_TREE

Prometheus' own tool reads and tries the rules, and every metric and label that rules and dashboard name must be among those that /metrics
gives after real requests. Needs Debian's prometheus for promtool; without it that part is unchecked.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from report import check, finish, unchecked

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = ROOT + "/packaging/monitoring"
PORT = 21_000 + os.getpid() % 9_000
URL = f"http://127.0.0.1:{PORT}"
# Prometheus' own.
THEIRS = {"up", "job", "instance", "le"}


def promtool(*words, text=None):
    return subprocess.run(["promtool", *words], capture_output=True, text=True, cwd=FOLDER, input=text)


def expressions():
    with open(FOLDER + "/dashboard.json") as file:
        board = json.load(file)
    found = [(f"panel {panel['title']}", target["expr"]) for panel in board["panels"] for target in panel["targets"]]
    found += [("a variable", one["query"]["query"]) for one in board["templating"]["list"] if one["type"] == "query"]
    with open(FOLDER + "/rules.yml") as file:
        text = file.read()
    found += [("a rule", " ".join(one.split())) for one in re.findall(r"expr: (?:>-\n)?(.*?)\n +(?:for|labels|- record|- alert|$)", text + "\n      $", re.DOTALL)]
    recorded = set(re.findall(r"record: (\S+)", text))
    ids = [panel["id"] for panel in board["panels"]]
    check("the dashboard's panels have numbers of their own and ask something", len(set(ids)) == len(ids) and all(panel["targets"] for panel in board["panels"]), ids)
    return found, recorded


def given(text):
    """Metric to labels, as /metrics gives them."""
    metrics = {}
    for line in text.splitlines():
        if line and line[0] != "#":
            name, labels = re.match(r"([a-z_:]+)(?:\{(.*)\})? ", line).groups()
            metrics.setdefault(name, set()).update(re.findall(r'([a-z_]+)="', labels or ""))
    families = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    return metrics, families


def predict(entries, content):
    body = f'--cut\r\nContent-Disposition: form-data; name="entries"\r\n\r\n{json.dumps(entries)}\r\n--cut\r\nContent-Disposition: form-data; name="image"; filename="b"\r\n\r\n'
    request = urllib.request.Request(URL + "/predict", body.encode() + content + b"\r\n--cut--\r\n", {"Content-Type": "multipart/form-data; boundary=cut"})
    try:
        urllib.request.urlopen(request, timeout=30).read()
    except urllib.error.HTTPError:
        pass


def real(release, folder):
    """/metrics of the real programs after an answer and an error."""
    cache = folder + "/cache"
    shutil.copytree(ROOT + "/models/demo", cache)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IMMICH_", "MACHINE_LEARNING_"))}
    daemon = subprocess.Popen([release + "/immich-ml", "serve", "--socket", folder + "/ml.sock", "--cache", cache, "--http", f"127.0.0.1:{PORT}"],
                              env=dict(environment, IMMICH_LOG_LEVEL="error", MACHINE_LEARNING_DOWNLOAD="off", MACHINE_LEARNING_HTTP_DRAIN_DELAY="0", MACHINE_LEARNING_UPSTREAMS="local"))
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(URL + "/ready", timeout=2).read()
                break
            except OSError:
                time.sleep(0.05)
        entries = {"clip": {"visual": {"modelName": "synthetic__demo"}}}
        with open(f"{ROOT}/tests/golden/images/" + sorted(name for name in os.listdir(ROOT + "/tests/golden/images") if name.endswith(".png"))[0], "rb") as file:
            predict(entries, file.read())
        predict(entries, b"no picture")
        return urllib.request.urlopen(URL + "/metrics", timeout=10).read().decode()
    finally:
        daemon.terminate()
        check("the programs that were asked end with 0", daemon.wait(30) == 0)


def main():
    release = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        text = real(release, folder)
    metrics, families = given(text)
    found, recorded = expressions()
    check("there are panels and rules to look at", len(found) > 20 and len(metrics) > 10, (len(found), sorted(metrics)))
    wrong = []
    for where, expression in found:
        bare = re.sub(r'"[^"]*"', '""', expression)
        names = set(re.findall(r"\b(?:up|immich_ml[a-z_:0-9]*)\b", bare))
        unknown = {name for name in names if name not in metrics and name not in THEIRS and name not in recorded and name not in families}
        label_words = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"", bare)) | {one.strip() for group in re.findall(r"by \(([^)]*)\)", bare) for one in group.split(",")}
        known = THEIRS.union(*metrics.values())
        if not names or unknown or label_words - known:
            wrong.append((where, expression, unknown, label_words - known))
    check("every panel and rule asks for metrics and labels that /metrics gives", not wrong, wrong)
    asked = set(re.findall(r"immich_ml[a-z_]*", " ".join(expression for _, expression in found)))
    unseen = {name for name in families if not any(one.startswith(name) for one in asked)} - {"immich_ml_model_bytes"}
    check("and leaves out none but the sizes of models", not unseen, sorted(unseen))
    if not shutil.which("promtool"):
        unchecked("the rules by promtool", "it is not installed")
        finish()
    for what, words in (("the rules", ("check", "rules", "rules.yml")), ("what they alert of", ("test", "rules", "rules.test.yml")), ("the configuration", ("check", "config", "prometheus.yml"))):
        got = promtool(*words)
        check(f"promtool agrees with {what}", got.returncode == 0, got.stdout + got.stderr)
    got = promtool("check", "metrics", text=text)
    wrong = [line for line in got.stderr.splitlines() if "no help text" in line or "error" in line.lower()]
    check("and can read /metrics", not wrong, got.stderr)
    finish()


main()

#!/usr/bin/env python3
"""The packages as files, and what they are made from: .ci/package.py PACKAGES

PACKAGES is the folder with the .deb files. Needs Debian's lintian, shellcheck and systemd-analyze, and npm. What the package does once
it is installed is root.py's.
"""
import glob
import json
import os
import shutil
import sys
import tempfile

from manager import ROOT, package, run
from report import check, finish, unchecked

PACKAGES = os.path.abspath(sys.argv[1])


def contents(deb):
    size = os.path.getsize(deb)
    installed = int(run("dpkg-deb", "-f", deb, "Installed-Size").stdout) * 1024
    check("the package takes 20 MB at most", size <= 20_000_000, size)
    check("installed it takes 73.5 MB at most", installed <= 73_500_000, installed)
    print(f"package {size / 1e6:.1f} MB, installed {installed / 1e6:.1f} MB")
    listed = run("dpkg-deb", "-c", deb).stdout
    wanted = ["usr/lib/immich-ml/immich-ml\n", "usr/lib/immich-ml/libonnxruntime.so", "usr/bin/immich-ml ->",
              "etc/immich-ml/immich-ml.conf", "usr/share/man/man1/immich-ml.1.gz", "usr/share/man/man5/immich-ml.conf.5.gz",
              "bash-completion/completions/immich-ml", "zsh/vendor-completions/_immich-ml", "fish/vendor_completions.d/immich-ml.fish",
              "licenses/NOTICES.txt", "sbom.cdx.json", "sysusers.d/immich-ml.conf", "drop-ins/nvidia.conf", "drop-ins/dri.conf", "drop-ins/upstreams.conf"]
    wanted += [f"systemd/system/{name}.{kind}" for name in ("immich-ml", "immich-ml-fetch", "immich-ml-gateway") for kind in ("socket", "service")]
    missing = [name for name in wanted if name not in listed]
    check("it holds programs, units, settings, pages, completions, licences and the list of parts", not missing, missing)
    debug = run("dpkg-deb", "-c", package(PACKAGES, "immich-ml-dbgsym")).stdout
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


def scripts():
    names = [one for one in glob.glob(f"{ROOT}/packaging/**/*.sh", recursive=True)] + [f"{ROOT}/packaging/deb/{name}" for name in ("postinst", "prerm", "postrm")]
    if not shutil.which("shellcheck"):
        unchecked("the scripts", "shellcheck is not installed")
        return
    got = run("shellcheck", *names)
    check("shellcheck has nothing to say of the scripts", got.returncode == 0, got.stdout)


def nix():
    """The module's syntax, and the service that it makes, with stand-ins for what NixOS brings."""
    if not shutil.which("nix-instantiate"):
        unchecked("the NixOS module", "nix-instantiate is not installed")
        return
    folder = f"{ROOT}/packaging/nix"
    for name in ("module.nix", "package.nix"):
        got = run("nix-instantiate", "--parse", f"{folder}/{name}")
        check(f"nix-instantiate parses {name}", got.returncode == 0, got.stderr)
    with tempfile.TemporaryDirectory() as state:
        where = {f"NIX_{word}_DIR": f"{state}/{word}" for word in ("STORE", "STATE", "LOG")}
        got = run("nix-instantiate", "--eval", "--strict", "--json", folder + "/try.nix", env=dict(os.environ, **where))
    service = json.loads(got.stdout or "{}")
    check("and evaluates it to a service with its settings", service.get("environment", {}).get("MACHINE_LEARNING_PREPARE_MODELS") == "false"
          and service["serviceConfig"]["ExecStart"].endswith("serve --http"), got)


if __name__ == "__main__":
    contents(package(PACKAGES, "immich-ml"))
    security()
    nix()
    scripts()
    finish()

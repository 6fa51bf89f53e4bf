#!/usr/bin/env python3
"""The Debian package, installed: .ci/root.py PACKAGES ROOT [--thorough]

PACKAGES is the folder with the .deb files and the tarball, ROOT a debootstrapped root to install into (it is copied). --thorough also runs
what other files check of a release tree on the installed programs. Needs root, and Debian's python3-seccomp.
"""
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

import installed
import report
from manager import CACHE, ROOT, UNITS, Installed, inside, package, run
from report import check, unchecked
from serving import serving


def listing(root):
    found = set()
    for top in ("etc", "usr", "var", "run", "lib", "opt"):
        for folder, folders, names in os.walk(f"{root}/{top}"):
            found |= {os.path.join(folder, name)[len(root):] for name in folders + names}
    volatile = ("/var/log/", "/var/lib/dpkg/", "/var/cache/ldconfig", "/etc/ld.so.cache", "/var/lib/systemd/deb-systemd", "/var/cache/man/",
                "/run/systemd/")
    return {name for name in found if not name.startswith(volatile) and name not in ("/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-", "/etc/.pwd.lock")}


def passed_on(*commands):
    """Other files' checks, side by side since they wait more than they work, and counted with ours."""
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for command in commands]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        told = list(pool.map(lambda child: child.communicate(timeout=600), children))
    for command, child, (said, errors) in zip(commands, children, told):
        print(said, end="", flush=True)
        bad = sum(line.startswith("not ok ") for line in said.splitlines())
        report.failures += bad
        check(f"{os.path.basename(command[1])} ends as its lines say", (child.returncode != 0) == (bad > 0), errors)


def chrooted(suite, base, packages, thorough):
    deb = package(packages, "immich-ml")
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
            others = [("python3", f"{ROOT}/.ci/badday.py", programs), ("node", f"{ROOT}/.ci/http.mjs", programs)]
            if not os.path.exists(f"{ROOT}/src/node-client/out/src/index.js"):
                others.pop()
                unchecked("the installed gateway as Immich's server meets it", "the Node client is not built")
            passed_on(*others)
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
        tarball(packages, root, before)
        if thorough:
            repository(packages, root, folder)


def tarball(packages, root, before):
    """Into /usr/local of the root that the package has left, and out again."""
    found = glob.glob(f"{packages}/immich-ml-*-linux-x64.tar.xz")
    if not found:
        unchecked("the tarball", f"{packages} holds none")
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


def repository(packages, root, folder):
    """A repository by packaging/deb/repository.sh, and the steps of packaging/lxc/README.md as they stand there."""
    if not shutil.which("apt-ftparchive") or not shutil.which("gpg"):
        unchecked("an apt repository", "apt-utils or gpg is not here")
        return
    home = folder + "/gnupg"
    os.mkdir(home, 0o700)
    made = run(f"{ROOT}/packaging/deb/repository.sh", packages, folder + "/repository", env=dict(os.environ, GNUPGHOME=home))
    run("gpgconf", "--kill", "all", env=dict(os.environ, GNUPGHOME=home))
    check("a signed apt repository is made", made.returncode == 0 and "packages for amd64" in made.stdout, made)
    run("tar", "-C", folder, "-cf", root + "/root/repository.tar", "repository")
    with open(f"{ROOT}/packaging/lxc/README.md") as file:
        steps = file.read().split("<!-- steps -->")[1].split("```sh\n")[1].split("```")[0]
    # Without systemd as process 1: what is to be started is enabled alone.
    got = inside(root, "sh", "-e", "-c", steps.replace("enable --now", "enable"))
    installed_as = inside(root, "dpkg-query", "-W", "-f", "${Status}", "immich-ml").stdout
    enabled = os.path.lexists(root + "/etc/systemd/system/sockets.target.wants/immich-ml-gateway.socket")
    check("apt installs from it, by the steps of the page on LXC", got.returncode == 0 and installed_as == "install ok installed" and enabled, got)
    release = root + "/root/repository/dists/stable/InRelease"
    with open(release) as file:
        text = file.read()
    with open(release, "w") as file:
        file.write(text.replace("Label: immich-ml", "Label: immich-mk"))
    got = inside(root, "apt-get", "update")
    check("a repository that was changed after it was signed is refused", "BADSIG" in got.stdout + got.stderr or "invalid" in got.stdout + got.stderr, got)
    inside(root, "dpkg", "-P", "immich-ml")
    for path in ("/etc/apt/sources.list.d/immich-ml.list", "/etc/apt/keyrings/immich-ml.asc", "/root/repository.tar"):
        os.remove(root + path)
    shutil.rmtree(root + "/root/repository")


def main():
    packages, base = map(os.path.abspath, sys.argv[1:3])
    try:
        chrooted(os.path.basename(base), base, packages, thorough="--thorough" in sys.argv)
    except Exception:
        # What comes behind it was not looked at: that is no success.
        check(f"{os.path.basename(base)}: the checks come to their end", False, traceback.format_exc()[-600:])
    report.finish()


if __name__ == "__main__":
    main()

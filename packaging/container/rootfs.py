#!/usr/bin/env python3
"""The container's root file system: packaging/container/rootfs.py TREE ARCH ROOT

TREE is publish.sh's, ARCH amd64 or arm64, ROOT a folder to make. Nothing but the programs, the libraries they load, certificates and two
users: no shell, no package manager. The libraries come from the newest packages of the Debian (or Ubuntu) that this runs on, fetched for
ARCH by apt from this machine's own sources; nothing of the machine itself is taken, and it needs no root. The list of parts names them too.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
TRIPLES = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
PACKAGES = ["ca-certificates", "libc6", "libgcc-s1", "libssl3", "libstdc++6", "libturbojpeg0"]
# What the programs load by name: OpenSSL, which also brings libcrypto, and libjpeg-turbo.
BY_NAME = ["libssl.so.3", "libturbojpeg.so.0"]


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def fetch(arch, folder):
    """The packages' files in FOLDER/files, and what each is; apt works in folders of its own, as any user and for any architecture."""
    state, debs = folder + "/apt", folder + "/debs"
    for name in ("lists/partial", "cache/archives/partial"):
        os.makedirs(f"{state}/{name}")
    os.mkdir(debs)
    open(state + "/status", "w").close()
    options = [word for one in (f"APT::Architecture={arch}", f"APT::Architectures::={arch}", "APT::Sandbox::User=", f"Dir::State::status={state}/status",
                                f"Dir::State::lists={state}/lists", f"Dir::Cache={state}/cache", "Acquire::Languages=none") for word in ("-o", one)]
    run("apt-get", *options, "-qq", "update")
    docs = folder + "/files/usr/share/doc/"
    wanted, packages = PACKAGES, []
    while wanted:
        run("apt-get", *options, "-qq", "download", *wanted, cwd=debs)
        for deb in glob.glob(debs + "/*.deb"):
            run("dpkg-deb", "-x", deb, folder + "/files")
        # Packages made of one source keep their licence in one of them and point to it.
        wanted = sorted({os.readlink(docs + name) for name in os.listdir(docs) if not os.path.exists(docs + name)})
    for deb in sorted(glob.glob(debs + "/*.deb")):
        fields = dict(line.split(": ", 1) for line in run("dpkg-deb", "-f", deb, "Package", "Version", "Architecture").splitlines())
        held = {line.split()[5][1:] for line in run("dpkg-deb", "-c", deb).splitlines()}
        packages.append((fields, held))
    return folder + "/files", packages


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", path, stderr=subprocess.DEVNULL))


def libraries(programs, files, triple):
    """Name to file of all that the programs are linked with or load by name, with what those are linked with in turn."""
    found, open_ends = {}, list(BY_NAME)
    for program in programs:
        open_ends += needed(program)
    while open_ends:
        name = open_ends.pop()
        if name in found:
            continue
        there = [f"{files}/{top}/{triple}/{name}" for top in ("lib", "usr/lib") if os.path.exists(f"{files}/{top}/{triple}/{name}")]
        if not there:
            sys.exit(f"rootfs.py: {name} is in none of {', '.join(PACKAGES)}")
        found[name] = os.path.realpath(there[0])
        open_ends += needed(found[name])
    return found


def certificates(files, target):
    """One bundle of all authorities that Debian trusts, which its package's postinst makes elsewhere."""
    os.makedirs(os.path.dirname(target))
    with open(target, "w") as bundle:
        for path in sorted(glob.glob(files + "/usr/share/ca-certificates/**/*.crt", recursive=True)):
            with open(path) as file:
                bundle.write(file.read().rstrip("\n") + "\n")


def parts(path, packages):
    """The list of parts, and in it what Debian made."""
    with open(path) as file:
        bom = json.load(file)
    system = re.search(r'^ID=(.*)$', open("/etc/os-release").read(), re.MULTILINE).group(1).strip('"')
    for fields in packages:
        purl = f"pkg:deb/{system}/{fields['Package']}@{fields['Version']}?arch={fields['Architecture']}"
        bom["components"].append({"type": "library", "bom-ref": purl, "name": fields["Package"], "version": fields["Version"], "purl": purl,
                                  "licenses": [{"license": {"name": f"see /usr/share/doc/{fields['Package']}/copyright"}}]})
    bom["metadata"]["component"]["type"] = "container"
    bom.pop("serialNumber")
    bom["serialNumber"] = "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True)))
    with open(path, "w") as file:
        json.dump(bom, file, indent=1)
        file.write("\n")


def place(source, target, mode=0o644):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, mode)


def main():
    tree, arch, root = sys.argv[1:4]
    triple = TRIPLES[arch]
    os.umask(0o022)
    for name in ("usr/lib64", "usr/bin", "usr/share/doc", "etc", "proc", "sys", "dev", "run"):
        os.makedirs(f"{root}/{name}")
    for name in ("bin", "lib", "lib64"):
        os.symlink("usr/" + name, f"{root}/{name}")
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([f"{HERE}/../stage.sh", tree, work + "/stage"], check=True)
        for name in ("usr/lib/immich-ml", "usr/bin", "usr/share/doc/immich-ml"):
            shutil.copytree(f"{work}/stage/{name}", f"{root}/{name}", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(root + "/usr/share/doc/immich-ml/drop-ins")
        files, packages = fetch(arch, work)
        found = libraries(glob.glob(root + "/usr/lib/immich-ml/*"), files, triple)
        taken = set()
        for name, path in found.items():
            place(path, f"{root}/usr/lib/{triple}/{name}", 0o755)
            taken |= {fields["Package"] for fields, held in packages if os.path.relpath(path, os.path.realpath(files)) in {one.lstrip("/") for one in held}}
        # The loader's place is part of the architecture's calling convention and stands in every program.
        loader = next(name for name in found if name.startswith("ld-linux"))
        if arch == "amd64":
            os.symlink(f"../lib/{triple}/{loader}", f"{root}/usr/lib64/{loader}")
        else:
            os.symlink(f"{triple}/{loader}", f"{root}/usr/lib/{loader}")
        certificates(files, root + "/etc/ssl/certs/ca-certificates.crt")
        used = [fields for fields, _ in packages if fields["Package"] in taken | {"ca-certificates"}]
        for fields in used:
            place(f"{files}/usr/share/doc/{fields['Package']}/copyright", f"{root}/usr/share/doc/{fields['Package']}/copyright")
    parts(root + "/usr/share/doc/immich-ml/sbom.cdx.json", used)
    with open(root + "/etc/passwd", "w") as file:
        file.write("root:x:0:0:root:/:/sbin/nologin\nimmich-ml:x:10001:10001:immich-ml:/cache:/sbin/nologin\n")
    with open(root + "/etc/group", "w") as file:
        file.write("root:x:0:\nimmich-ml:x:10001:\n")
    # A new volume takes the folder's mode: both the image's user and root without capabilities, whom Immich's own volume needs, may write.
    # /run/immich-ml is for a volume that shares the socket with other containers.
    for name in ("tmp", "cache", "run/immich-ml"):
        os.makedirs(f"{root}/{name}")
        os.chmod(f"{root}/{name}", 0o1777)


main()

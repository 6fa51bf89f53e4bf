#!/usr/bin/env python3
"""Makes archives of image layouts: packaging/container/archive.py OUT NAME VERSION LAYOUT...

Each LAYOUT is one architecture's, as buildah leaves it, and becomes OUT/NAME-VERSION-ARCH.oci.tar; of several an index is made as well, in
OUT/NAME-VERSION-all.oci.tar. Layers are compressed by zstd, the health check goes into the configuration
(OCI's specification has none and lets others add; docker reads it), and manifest.json stands beside the index for dockers that read no
layouts. With IMMICH_ML_OLD_DOCKER=1 each also becomes OUT/NAME-VERSION-ARCH.docker.tar.xz, for dockers before 23, which know no zstd. The
same input makes the same bytes.
"""
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

HEALTH = {"Test": ["CMD", "/usr/bin/immich-ml", "health"], "Interval": 30_000_000_000, "Timeout": 10_000_000_000, "StartPeriod": 60_000_000_000}
LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
INDEX = "application/vnd.oci.image.index.v1+json"


def blob(blobs, content):
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {"digest": "sha256:" + digest, "size": len(content)}


def text(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def image(layout, blobs):
    """The descriptor of that layout's manifest, rewritten."""
    def read(descriptor):
        with open(f"{layout}/blobs/{descriptor['digest'].replace(':', '/')}", "rb") as file:
            return file.read()

    with open(layout + "/index.json") as file:
        manifest = json.loads(read(json.load(file)["manifests"][0]))
    config = json.loads(read(manifest["config"]))
    config["config"]["Healthcheck"] = HEALTH
    manifest["config"].update(blob(blobs, text(config)))
    for layer in manifest["layers"]:
        packed = subprocess.run(["zstd", "-18", "-T0", "-q", "-c"], input=read(layer), stdout=subprocess.PIPE, check=True).stdout
        layer.update(blob(blobs, packed), mediaType=LAYER)
    place = {"architecture": config["architecture"], "os": config["os"]}
    return dict(blob(blobs, text(manifest)), mediaType=manifest["mediaType"], platform=place), manifest


def write(path, name, blobs, entries, more):
    entries[0]["annotations"] = {"org.opencontainers.image.ref.name": name}
    files = {"oci-layout": text({"imageLayoutVersion": "1.0.0"}), "index.json": text({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), **more}
    files.update({"blobs/sha256/" + digest: content for digest, content in sorted(blobs.items())})
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in files.items():
            entry = tarfile.TarInfo(member)
            entry.size, entry.mode, entry.mtime = len(content), 0o644, int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
            tar.addfile(entry, io.BytesIO(content))


def write_old(path, layout, name):
    """What docker save has written since 1.10: the layer as it is, and all of it compressed together."""
    with open(layout + "/index.json") as file:
        manifest = json.load(open(f"{layout}/blobs/{json.load(file)['manifests'][0]['digest'].replace(':', '/')}"))
    config = json.load(open(f"{layout}/blobs/{manifest['config']['digest'].replace(':', '/')}"))
    config["config"]["Healthcheck"] = HEALTH
    content = text(config)
    own, layers = hashlib.sha256(content).hexdigest() + ".json", [one["digest"].split(":")[1] for one in manifest["layers"]]
    with open(path, "wb") as file:
        packer = subprocess.Popen(["xz", "-6", "-T0"], stdin=subprocess.PIPE, stdout=file)
        with tarfile.open(fileobj=packer.stdin, mode="w|", format=tarfile.GNU_FORMAT) as tar:
            for member, data in ((own, content), *((f"{one}/layer.tar", open(f"{layout}/blobs/sha256/{one}", "rb").read()) for one in layers),
                                 ("manifest.json", text([{"Config": own, "RepoTags": [name], "Layers": [one + "/layer.tar" for one in layers]}]))):
                entry = tarfile.TarInfo(member)
                entry.size, entry.mode, entry.mtime = len(data), 0o644, int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
                tar.addfile(entry, io.BytesIO(data))
        packer.stdin.close()
        if packer.wait() != 0:
            sys.exit("archive.py: xz failed")


def main():
    out, name, version, layouts = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    together, entries = {}, []
    where = lambda descriptor: "blobs/" + descriptor["digest"].replace(":", "/")
    for layout in layouts:
        blobs = {}
        entry, manifest = image(layout, blobs)
        docker = [{"Config": where(manifest["config"]), "RepoTags": [f"{name}:{version}"], "Layers": [where(one) for one in manifest["layers"]]}]
        arch = entry["platform"]["architecture"]
        write(f"{out}/{name}-{version}-{arch}.oci.tar", f"{name}:{version}", blobs, [dict(entry)], {"manifest.json": text(docker)})
        if os.environ.get("IMMICH_ML_OLD_DOCKER") == "1":
            write_old(f"{out}/{name}-{version}-{arch}.docker.tar.xz", layout, f"{name}:{version}")
        together.update(blobs)
        entries.append(entry)
    if len(entries) > 1:
        index = blob(together, text({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))
        write(f"{out}/{name}-{version}-all.oci.tar", f"{name}:{version}", together, [dict(index, mediaType=INDEX)], {})


main()

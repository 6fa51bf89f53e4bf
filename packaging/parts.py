#!/usr/bin/env python3
"""What the release is made of: packaging/parts.py RID TREE, or packaging/parts.py --package FOLDER TREE

Reads the package graph that the restore resolved for the three programs (obj/project.assets.json, runtime packs included) and writes
TREE/sbom.cdx.json (CycloneDX 1.5) and TREE/licenses: the licence texts and notices that the packages bring, and NOTICES.txt, which
names every part. With --package TREE holds the files of one NuGet package, unpacked in FOLDER: a list of parts alone. What Skia and ONNX Runtime have compiled in stands in their own notices, not in the graph.
"""
import base64
import datetime
import hashlib
import json
import os
import re
import shutil
import sys
import uuid
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RID, TREE = sys.argv[1], sys.argv[2]
PROGRAMS = {"Cli": "immich-ml", "Gateway": "immich-ml-gateway", "Fetch": "immich-ml-fetch"}
TEXTS = re.compile(r"^(LICENSE|THIRD-?PARTY-?NOTICES)(\.txt)?$", re.IGNORECASE)
# Runtime packs whose code ends up in a program; the compiler and the runtime that it is not compiled against do not.
PACKS = re.compile(r"^Microsoft\.(NETCore\.App\.Runtime\.NativeAOT|AspNetCore\.App\.Runtime)\.", re.IGNORECASE)


def version():
    with open(os.path.join(ROOT, "Directory.Build.props")) as file:
        return re.search(r"<Version>(.*)</Version>", file.read()).group(1)


class Package:
    def __init__(self, name, number, folder):
        self.name, self.version, self.folder = name, number, folder
        self.purl = f"pkg:nuget/{name}@{number}"
        self.needs, self.users = set(), set()
        with open(os.path.join(folder, name.lower() + ".nuspec"), encoding="utf-8-sig") as file:
            document = xml.fromstring(file.read())
        data = {element.tag.split("}")[1]: element for element in document[0]}
        text = lambda tag: (data[tag].text or "").strip() if tag in data else ""
        expression = data["license"] if "license" in data and data["license"].get("type") == "expression" else None
        self.licence = expression.text.strip() if expression is not None else ""
        self.copyright, self.authors = text("copyright"), text("authors")
        with open(os.path.join(folder, f"{name.lower()}.{number}.nupkg.sha512")) as file:
            self.sha512 = base64.b64decode(file.read()).hex()

    def component(self):
        made = {"type": "library", "bom-ref": self.purl, "name": self.name, "version": self.version, "purl": self.purl,
                "hashes": [{"alg": "SHA-512", "content": self.sha512}]}
        if self.authors:
            made["author"] = self.authors
        if self.copyright:
            made["copyright"] = self.copyright
        if self.licence:
            made["licenses"] = [{"expression": self.licence}] if " " in self.licence else [{"license": {"id": self.licence}}]
        else:
            made["licenses"] = [{"license": {"name": f"see licenses/{self.name}.*"}}]
        return made


def packages_of(program, packages):
    """Adds the program's packages to the list; returns the purls that the program names itself."""
    with open(os.path.join(ROOT, "src", f"ImmichMl.{program}", "obj", "project.assets.json")) as file:
        assets = json.load(file)
    folders = list(assets["packageFolders"])
    find = lambda path: next(os.path.join(f, path) for f in folders if os.path.isdir(os.path.join(f, path)))
    target = assets["targets"][f"net10.0/{RID}"]
    named = {}
    for key, entry in target.items():
        name, number = key.split("/")
        code = [path for kind in ("runtime", "native") for path in entry.get(kind, {}) if not path.endswith("_._")]
        if entry["type"] == "package" and code:
            named[name.lower()] = packages.setdefault(key, Package(name, number, find(assets["libraries"][key]["path"])))
            named[name.lower()].users.add(PROGRAMS[program])
    for key, entry in target.items():
        if key.split("/")[0].lower() in named:
            package = named[key.split("/")[0].lower()]
            package.needs |= {named[name.lower()].purl for name in entry.get("dependencies", {}) if name.lower() in named}
    direct = set(named)
    for one in named:
        direct -= {package.name.lower() for package in packages.values() if package.purl in named[one].needs}
    own = {named[one].purl for one in direct}
    for framework in assets["project"]["frameworks"].values():
        for pack in framework.get("downloadDependencies", []):
            name, number = pack["name"], pack["version"].strip("[]").split(",")[0]
            if RID not in name or not PACKS.match(name) or (program != "Gateway" and "AspNetCore" in name):
                continue
            folder = find(f"{name.lower()}/{number}")
            package = packages.setdefault(f"{name}/{number}", Package(name, number, folder))
            package.users.add(PROGRAMS[program])
            own.add(package.purl)
    return own


def licences(packages):
    folder = os.path.join(TREE, "licenses")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(ROOT, "LICENSE")) as file:
        ours = file.read()
    with open(os.path.join(folder, "immich-ml.LICENSE.txt"), "w") as file:
        file.write(ours)
    seen, lines = {}, ["Software that is part of this release. The texts that the packages bring stand beside this file.\n"]
    for package in packages:
        texts = []
        for name in sorted(os.listdir(package.folder)):
            if TEXTS.match(name):
                with open(os.path.join(package.folder, name), "rb") as file:
                    content = file.read().replace(b"\r\n", b"\n")
                # Most of the .NET packages bring the very same text: once is enough.
                kept = seen.setdefault(hashlib.sha256(content).digest(), f"{package.name}.{os.path.splitext(name)[0].upper()}.txt")
                texts.append(kept)
                with open(os.path.join(folder, kept), "wb") as file:
                    file.write(content)
        lines.append(f"{package.name} {package.version} ({', '.join(sorted(package.users))})\n"
                     f"    {package.licence or 'see ' + ', '.join(texts)}\n    {package.copyright or package.authors}\n"
                     + (f"    texts: {', '.join(texts)}\n" if texts else ""))
        if not package.licence and not texts:
            sys.exit(f"{package.name} {package.version} says nothing of its licence")
    lines.append("The MIT licence, for the parts above that name it:\n\n" + ours[ours.index("Permission"):])
    with open(os.path.join(folder, "NOTICES.txt"), "w") as file:
        file.write("\n".join(lines))


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def files_of(tree):
    return [{"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": [{"alg": "SHA-256", "content": sha256(os.path.join(tree, name))}]}
            for name in sorted(os.listdir(tree)) if os.path.isfile(os.path.join(tree, name)) and not name.endswith(".json")]


def write(top, name, components, depends):
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    bom = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": top, "name": name, "version": version(), "purl": top,
                          "licenses": [{"license": {"id": "MIT"}}]},
        },
        "components": components,
        "dependencies": depends,
    }
    # From what it says, so that the same release has the same number.
    bom["serialNumber"] = "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True)))
    with open(os.path.join(TREE, "sbom.cdx.json"), "w") as file:
        json.dump(bom, file, indent=1)
        file.write("\n")


def release():
    packages, roots = {}, {}
    for program, name in PROGRAMS.items():
        roots[name] = packages_of(program, packages)
    ordered = sorted(packages.values(), key=lambda package: package.name.lower())
    licences(ordered)
    top = f"pkg:generic/immich-ml@{version()}?arch={RID.split('-')[1]}"
    programs = [{"type": "application", "bom-ref": name, "name": name, "version": version(), "licenses": [{"license": {"id": "MIT"}}]}
                for name in roots]
    depends = [{"ref": top, "dependsOn": sorted(roots)}] + [{"ref": name, "dependsOn": sorted(own)} for name, own in roots.items()]
    depends += [{"ref": package.purl, "dependsOn": sorted(package.needs)} for package in ordered]
    write(top, "immich-ml", programs + files_of(TREE) + [package.component() for package in ordered], depends)


def one_package(folder):
    with open(next(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".nuspec")), encoding="utf-8-sig") as file:
        names = {element.tag.split("}")[1]: element.text for element in xml.fromstring(file.read())[0]}
    package = Package(names["id"], names["version"], folder)
    top = f"pkg:generic/immich-ml-cuda@{version()}?arch=x64"
    write(top, "immich-ml-cuda", files_of(TREE) + [package.component()], [{"ref": top, "dependsOn": [package.purl]}])


if len(sys.argv) == 4 and sys.argv[1] == "--package":
    TREE = sys.argv[3]
    one_package(sys.argv[2])
else:
    release()

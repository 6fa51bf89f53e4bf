"""A root file system with the package in it, and the stand-in for its systemd."""
import glob
import os
import signal
import socket
import subprocess
import sys
import time

import sandbox

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNITS = "/usr/lib/systemd/system/"
CACHE, RUN = "/var/cache/immich-ml", "/run/immich-ml"
SOCKET = RUN + "/immich-ml.sock"


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=600, **more)


def inside(root, *command):
    """Runs a command in that root, with a /proc of its own."""
    return run("unshare", "--mount", "--pid", "--fork", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root, *command,
               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})


def package(folder, name):
    found = glob.glob(f"{folder}/{name}_*_amd64.deb")
    return found[0] if found else sys.exit(f"{folder} holds no {name}")


class Manager:
    """The stand-in for systemd: holds the listening sockets and the notification socket, starts and restarts."""

    def __init__(self, root):
        self.root = root
        with open(f"{root}/etc/passwd") as file:
            users = {line.split(":")[0]: line.split(":") for line in file}
        self.uid, self.gid = int(users["immich-ml"][2]), int(users["immich-ml"][3])
        os.makedirs(root + RUN, exist_ok=True)
        os.chown(root + RUN, self.uid, self.gid)
        self.log = root + "/var/log/immich-ml.log"
        self.notify = None

    def listen(self, name=SOCKET, mode=0o660, owner=0):
        path = self.root + name
        if os.path.exists(path):
            os.remove(path)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        os.chown(path, owner, self.gid)
        os.chmod(path, mode)
        listening.listen(512)
        return listening

    def start(self, unit="immich-ml", listening=(), identity=None, **environment):
        if self.notify:
            self.notify.close()
        path = f"{RUN}/notify-{unit}"
        if os.path.exists(self.root + path):
            os.remove(self.root + path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.root + path)
        os.chmod(self.root + path, 0o666)
        return sandbox.start(
            self.root, sandbox.Unit(self.root + UNITS + unit + ".service"), identity or (self.uid, self.gid, []), [CACHE, RUN], listening,
            {"NOTIFY_SOCKET": path, **environment}, log=self.log)

    def told(self, seconds):
        self.notify.settimeout(seconds)
        try:
            return self.notify.recv(4096).decode()
        except TimeoutError:
            return ""

    def end(self, pid, number=signal.SIGTERM, seconds=30):
        """Sends the signal; the exit status, or None where it did not end in time and was killed."""
        os.kill(pid, number)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None

    def said(self):
        with open(self.log) as file:
            return file.read()


class Installed:
    """For installed.py: the package in its root, by its unit's command line, with its settings file, in its sandbox."""

    def __init__(self, root, suite):
        self.name, self.manager = f"package in {suite}", Manager(root)
        self.cache, self.socket, self.log = root + CACHE, root + SOCKET, self.manager.log

    def start(self, **settings):
        self.listening = self.manager.listen()
        pid = self.manager.start(listening=[self.listening], **settings)
        self.manager.told(60)
        return pid

    def stop(self, pid):
        ended = self.manager.end(pid)
        self.listening.close()
        return ended == 0

    def alive(self, pid):
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"

    def owned(self, path):
        run("chown", "-R", f"{self.manager.uid}:{self.manager.gid}", path)
        run("chmod", "-R", "u+rwX", path)

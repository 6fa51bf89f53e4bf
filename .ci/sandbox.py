"""Runs a program as a unit file says, as far as that can be done without systemd as process 1: another root, the unit's user, mount,
network and IPC namespaces of its own, a read-only file system but for the unit's folders, no capabilities, the unit's system calls.
Not imitated: PrivateUsers, the device ACL, MemoryMax and the like."""
import ctypes
import os
import re
import subprocess

import seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWIPC, NEWNET, NEWUTS = 0x20000, 0x8000000, 0x40000000, 0x4000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
NO_NEW_PRIVS, CAPBSET_DROP = 38, 24


def call(name, *arguments):
    encoded = [a.encode() if isinstance(a, str) else a for a in arguments]
    if getattr(LIBC, name)(*encoded) != 0:
        raise OSError(ctypes.get_errno(), f"{name}{arguments}: {os.strerror(ctypes.get_errno())}")


class Unit:
    """The [Service] lines of a unit file."""

    def __init__(self, path):
        self.lines = []
        with open(path) as file:
            for line in file:
                match = re.match(r"([A-Za-z]+)=(.*)", line.strip())
                if match:
                    self.lines.append(match.groups())

    def all(self, name):
        return [value for key, value in self.lines if key == name]

    def last(self, name, default=""):
        return (self.all(name) or [default])[-1]

    def environment(self, root):
        """The unit's own words, and over them those of its environment files in that root."""
        words = dict(value.split("=", 1) for value in self.all("Environment"))
        for name in self.all("EnvironmentFile"):
            path = root + name.lstrip("-")
            if os.path.exists(path):
                with open(path) as file:
                    words |= dict(line.strip().split("=", 1) for line in file if re.match(r"[A-Za-z_]+=", line))
        return words


_sets = {}


def calls_of(word):
    """The system calls that a name or a @set of systemd stands for."""
    if not word.startswith("@"):
        return {word}
    if word not in _sets:
        shown = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word], capture_output=True, text=True, check=True).stdout
        _sets[word] = set()
        for line in shown.splitlines()[1:]:
            name = line.strip()
            if name and not name.startswith("#"):
                _sets[word] |= calls_of(name)
    return _sets[word]


def allowed_calls(unit):
    allowed = calls_of("@default")
    for line in unit.all("SystemCallFilter"):
        named = set().union(*(calls_of(word) for word in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def filters(unit):
    """Two filters, since the kernel takes the strictest of all: what is refused by argument, and what is allowed at all."""
    refused = seccomp.SyscallFilter(seccomp.ALLOW)
    if unit.last("MemoryDenyWriteExecute") == "yes":
        both = 2 | 4  # PROT_WRITE | PROT_EXEC
        refused.add_rule(seccomp.ERRNO(1), "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, both, both))
        for name in ("mprotect", "pkey_mprotect"):
            refused.add_rule(seccomp.ERRNO(1), name, seccomp.Arg(2, seccomp.MASKED_EQ, 4, 4))
    families = unit.last("RestrictAddressFamilies").split()
    for family, number in (("AF_UNIX", 1), ("AF_INET", 2), ("AF_INET6", 10), ("AF_NETLINK", 16)):
        if families and family not in families:
            refused.add_rule(seccomp.ERRNO(97), "socket", seccomp.Arg(0, seccomp.EQ, number))
    allowing = seccomp.SyscallFilter(seccomp.ERRNO(1))
    for name in sorted(allowed_calls(unit) | {"execve"}):
        try:
            allowing.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, OSError, ValueError):
            pass  # Not on this architecture.
    return refused, allowing


def confine(root, unit, identity, writable):
    """In the child, before the program: everything but the system call filter."""
    call("unshare", NEWNS | NEWIPC | NEWUTS | (NEWNET if unit.last("PrivateNetwork") == "yes" else 0))
    call("mount", "none", "/", None, REC | PRIVATE, None)
    call("mount", root, root, None, BIND | REC, None)
    for folder in writable:
        call("mount", root + folder, root + folder, None, BIND, None)
    call("mount", "none", root, None, BIND | REMOUNT | RDONLY | NOSUID, None)
    call("mount", "proc", root + "/proc", "proc", NOSUID | NODEV | NOEXEC, "hidepid=invisible" + (",subset=pid" if unit.last("ProcSubset") == "pid" else ""))
    call("mount", "tmpfs", root + "/tmp", "tmpfs", NOSUID | NODEV, "mode=1777")
    call("mount", "tmpfs", root + "/dev", "tmpfs", NOSUID, "mode=755")
    for device in ("null", "zero", "full", "random", "urandom"):
        open(f"{root}/dev/{device}", "w").close()
        call("mount", f"/dev/{device}", f"{root}/dev/{device}", None, BIND, None)
    os.mkdir(root + "/sys/devices") if not os.path.isdir(root + "/sys") else None
    call("mount", "/sys", root + "/sys", None, BIND | REC, None)
    call("mount", "none", root + "/sys", None, BIND | REMOUNT | RDONLY, None)
    os.chroot(root)
    os.chdir("/")
    uid, gid, groups = identity
    for capability in range(64):
        LIBC.prctl(CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    os.umask(int(unit.last("UMask", "0022"), 8))
    call("prctl", NO_NEW_PRIVS, 1, 0, 0, 0)


def start(root, unit, identity, writable, listening=None, environment=None, arguments=None, log=None):
    """Starts the unit's program with listening sockets from descriptor 3 on; returns its process id."""
    command = arguments or unit.last("ExecStart").split()
    strict = filters(unit)
    pid = os.fork()
    if pid:
        return pid
    try:
        out = os.open(log or "/dev/null", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(out, 1)
        os.dup2(out, 2)
        passed = [os.dup(one.fileno()) for one in listening or []]
        passed = [os.dup2(os.dup(number), 100 + i) for i, number in enumerate(passed)]
        for i, number in enumerate(passed):
            os.dup2(number, 3 + i)
            os.set_inheritable(3 + i, True)
        os.closerange(3 + len(passed), 256)
        confine(root, unit, identity, writable)
        for one in strict:
            one.load()
        words = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **unit.environment(root), **(environment or {})}
        if passed:
            words |= {"LISTEN_FDS": str(len(passed)), "LISTEN_PID": str(os.getpid())}
        os.execve(command[0], command, words)
    except BaseException as fault:  # The child must never come back.
        os.write(2, f"sandbox: {fault!r}\n".encode())
    os._exit(111)

"""Runs what a systemd unit runs, as the unit has it run, where there is no systemd.

    python3 unit_run.py UNIT      # as root, in a mount namespace of its own; becomes the program

Its user, capabilities, file descriptors, folders, read-only system and seccomp filter.  What the
filter forbids kills the program here, where the unit gives it an error: a test is to see it.
"""
import ctypes
import os
import pathlib
import resource
import shlex
import subprocess
import sys

ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def read_unit(path):
    """Key → values in order, of all sections."""
    settings = {}
    for line in pathlib.Path(path).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            settings.setdefault(key, []).append(value)
    return settings


def expand(words):
    """Names of system calls; @sets resolved by systemd-analyze."""
    names = set()
    for word in words:
        if word.startswith("@"):
            listed = subprocess.run(["systemd-analyze", "syscall-filter", word], check=True,
                                    capture_output=True, text=True).stdout.splitlines()
            names |= expand(line.strip() for line in listed[1:]
                            if line.strip() and not line.strip().startswith("#"))
        else:
            names.add(word)
    return names


def allowed_calls(settings):
    # What systemd itself needs to start a program is always allowed.
    calls = expand(["@default", "execve", "exit_group"])
    for value in settings["SystemCallFilter"]:
        if value.startswith("~"):
            calls -= expand(value[1:].split())
        else:
            calls |= expand(value.split())
    return calls


def load_filter(settings, calls):
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(KILL_PROCESS))

    def allow(name, *comparisons):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            array = (Comparison * len(comparisons))(*comparisons)
            if library.seccomp_rule_add_array(context, ctypes.c_uint32(ALLOW), number,
                                              len(comparisons), array) != 0:
                raise OSError(f"seccomp: {name}")
    special = {"socket": [[Comparison(0, EQUAL, FAMILIES[family], 0)] for family in
                          settings["RestrictAddressFamilies"][0].split()]}
    if settings["MemoryDenyWriteExecute"] == ["yes"]:
        special["mprotect"] = [[Comparison(2, MASKED_EQUAL, PROT_EXEC, 0)]]
        special["mmap"] = [[Comparison(2, MASKED_EQUAL, bit, 0)] for bit in (PROT_WRITE, PROT_EXEC)]
    for name in calls:
        for comparisons in special.get(name, [[]]):
            allow(name, *comparisons)
    if library.seccomp_load(context) != 0:
        raise OSError("seccomp_load")


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def make_folders(settings):
    """StateDirectory and its like, writable; all else read-only."""
    user = settings["User"][0]
    for key, base in (("State", "/var/lib"), ("Cache", "/var/cache"), ("Logs", "/var/log")):
        for name in settings.get(f"{key}Directory", []):
            folder = pathlib.Path(base) / name
            folder.mkdir(mode=int(settings[f"{key}DirectoryMode"][0], 8), exist_ok=True)
            subprocess.run(["chown", f"{user}:{settings['Group'][0]}", folder], check=True)
            mount("--bind", str(folder), str(folder))
    if settings["ProtectSystem"] == ["strict"]:
        mount("-o", "remount,bind,ro", "/")
    mount("-t", "tmpfs", "private", "/tmp")


def main(unit):
    settings = read_unit(unit)
    if os.environ.get("UNIT_RUN_STEP") == "filter":
        calls = os.environ.pop("UNIT_RUN_CALLS").split()
        del os.environ["UNIT_RUN_STEP"]
        command = shlex.split(settings["ExecStart"][0])
        load_filter(settings, calls)
        os.execv(command[0], command)
    make_folders(settings)
    # A container may have less to give.
    files = min(int(settings["LimitNOFILE"][0]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    os.umask(int(settings["UMask"][0], 8))
    capabilities = ",".join("+" + name.lower().removeprefix("cap_")
                            for name in settings["AmbientCapabilities"][0].split())
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "UNIT_RUN_STEP": "filter",
                   "UNIT_RUN_CALLS": " ".join(sorted(allowed_calls(settings)))}
    os.execvpe("setpriv", ["setpriv", "--reuid", settings["User"][0], "--regid",
                           settings["Group"][0], "--init-groups", "--no-new-privs",
                           "--bounding-set", f"-all,{capabilities}",
                           "--inh-caps", f"-all,{capabilities}", "--ambient-caps",
                           f"-all,{capabilities}", "/usr/bin/python3", __file__, unit], environment)


if __name__ == "__main__":
    main(sys.argv[1])

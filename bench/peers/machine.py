"""What the run stands on: the machine, the peers' packages, this repository's binaries."""
import contextlib
import os
import platform
import shutil
import subprocess
import sys

POLICY = "/usr/sbin/policy-rc.d"


def facts():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")}


@contextlib.contextmanager
def no_service_starts():
    """While this holds, Debian's maintainer scripts start no service (policy-rc.d says 101)."""
    if os.path.exists(POLICY):
        yield  # somebody has a policy here already; it is theirs
        return
    with open(POLICY, "w", encoding="ascii") as policy:
        policy.write("#!/bin/sh\nexit 101\n")
    os.chmod(POLICY, 0o755)
    try:
        yield
    finally:
        os.remove(POLICY)


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    return done.stdout == "installed"


def install(packages):
    """Installs what is missing, neither started now nor at boot; exits with advice if it can't."""
    missing = [package for package in packages if not installed(package)]
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        sys.exit(f"missing: {' '.join(missing)}\nrun this as root, or: sudo {' '.join(command)}\n"
                 "or leave those servers out with --servers")
    print(f"installing {' '.join(missing)}", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with no_service_starts():
        subprocess.run(["apt-get", "update", "-q"], env=environment, check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    for package in missing:  # whoever had the package before keeps the service as it was
        if shutil.which("systemctl") and os.path.exists(f"/lib/systemd/system/{package}.service"):
            subprocess.run(["systemctl", "disable", package], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def build(source, targets):
    """Builds the release preset's `targets`, so that what is measured is what the tree says."""
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", *targets]):
        done = subprocess.run(command, cwd=source, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}")

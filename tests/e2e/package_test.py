"""The Debian packages: what is in them, and their life in a root of their own.

The root is this machine's with a layer above, in namespaces of its own: what dpkg does there is gone
with the test.  Needs root; packs what is built already.
"""
import functools
import os
import pathlib
import re
import subprocess
import unittest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("proxima-gslb", "proxima-edge", "proximactl")


def run(*command, check=True, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}"
                             f"{done.stderr}")
    return done


@functools.cache
def pack():
    """Package → file, made by cpack from the build this test is run for."""
    build, out = pathlib.Path(harness.binary("proximactl")).parents[1], harness.folder()
    run("cpack", "-B", str(out), "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", cwd=build)
    return {path.name.split("_")[0]: path for path in out.glob("*.deb")}


class Root:
    """This machine's root with a layer above, and a network of its own."""

    def __init__(self):
        self.base = harness.folder()
        layers = f"""
            set -e
            mount -t tmpfs layer {self.base}
            mkdir {self.base}/upper {self.base}/work {self.base}/root
            mount -t overlay overlay -o lowerdir=/,upperdir={self.base}/upper,workdir={self.base}/work \
                {self.base}/root
            mount -t proc proc {self.base}/root/proc
            mount --rbind /dev {self.base}/root/dev
            ip link set lo up
        """
        namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c"]
        tried = run(*namespaces, layers, check=False)
        if tried.returncode != 0:
            raise unittest.SkipTest(f"no root of its own here: {tried.stderr.strip()}")
        self.holder = harness.Process([*namespaces, layers + """
            echo ready >&2
            exec sleep infinity
        """])
        self.holder.wait_for_log("ready")
        children = pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children")
        self.pid = children.read_text().split()[0]

    def command(self, *words):
        """What runs `words` in there."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "chroot",
                f"{self.base}/root", *words]

    def run(self, *words, check=True, **more):
        return run(*self.command(*words), check=check,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                        "LC_ALL": "C.UTF-8"}, **more)

    def put(self, path, text):
        self.run("tee", path, input=text)

    def put_file(self, source, path):
        with open(source, "rb") as octets:
            subprocess.run(self.command("tee", path), stdin=octets, stdout=subprocess.DEVNULL,
                           check=True, timeout=60)

    def daemon(self, unit):
        """Starts what the unit starts, as it has it started."""
        return harness.Process(["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid",
                                "unshare", "--mount", "chroot", f"{self.base}/root",
                                "/usr/bin/python3", "/usr/local/lib/unit_run.py",
                                f"/lib/systemd/system/{unit}.service"])

    def stop(self):
        self.holder.kill()


def newer(package, folder):
    """The same package as version 0.1.0-2, with another default configuration."""
    tree = folder / package.name
    run("dpkg-deb", "--raw-extract", str(package), str(tree))
    control = tree / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("0.1.0-1", "0.1.0-2"))
    for path in (tree / "etc" / "proxima").glob("*.toml"):
        path.write_text(path.read_text() + "# new in this version\n")
    made = folder / f"new-{package.name}"
    run("dpkg-deb", "--build", "-Znone", str(tree), str(made))
    return made


class Contents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = pack()

    def test_there_is_one_package_a_program(self):
        self.assertEqual(set(self.packages), set(PACKAGES))

    def test_lintian_finds_nothing(self):
        found = run("lintian", "--fail-on", "error,warning", *map(str, self.packages.values()),
                    check=False)
        self.assertEqual([line for line in found.stdout.splitlines() if line[:2] in ("E:", "W:")], [])

    def test_units_are_hardened(self):
        for folder, name in (("gslb", "proxima-gslb"), ("edge", "proxima-edge")):
            unit = ROOT / "packaging" / "debian" / folder / f"{name}.service"
            said = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit),
                       check=False)
            self.assertEqual(said.returncode, 0, said.stdout[-300:])

    def test_man_pages_are_good_roff(self):
        folder = harness.folder()
        run("python3", str(ROOT / "packaging" / "man" / "make_man.py"), "0.1.0", str(folder))
        pages = sorted(folder.glob("*.gz"))
        self.assertEqual(len(pages), 5)
        for page in pages:
            done = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page),
                       env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
            self.assertEqual(done.stderr, "", page.name)
            self.assertGreater(len(done.stdout), 1000, page.name)


class Completion(unittest.TestCase):
    """Of proximactl, in bash."""

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.folder()
        run("python3", str(ROOT / "packaging" / "completion" / "make_completion.py"),
            str(cls.folder))

    def completed(self, *words):
        """What is offered for the last word."""
        script = (f"source {self.folder}/proximactl; COMP_WORDS=(proximactl {' '.join(words[:-1])} "
                  f"'{words[-1]}'); COMP_CWORD={len(words)}; _proximactl; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        return set(run("bash", "-c", script).stdout.split())

    def test_it_offers_the_verbs_of_help_and_what_belongs_to_each(self):
        verbs = set(re.findall(r"(?:^  |\| )([a-z]+)\b", run(
            harness.binary("proximactl"), "--help").stdout.split("options")[0], re.M))
        self.assertLessEqual(verbs, self.completed(""))
        self.assertEqual(self.completed("dr"), {"drain"})
        self.assertEqual(self.completed("drain", "fra", "--re"), {"--reason"})
        self.assertEqual(self.completed("keys", "ds"), {"ds", "ds-seen"})
        self.assertEqual(self.completed("--json", "sim"), {"simulate"})
        self.assertEqual(self.completed("force", "fra", "u"), {"up"})
        self.assertIn(str(self.folder / "proximactl"),
                      self.completed("--config", str(self.folder / "proximactl")))


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = pack()
        cls.root = Root()
        cls.addClassCleanup(cls.root.stop)
        # The index of all man pages is not what this is about.
        cls.root.run("rm", "-f", "/var/lib/man-db/auto-update")
        cls.root.put_file(ROOT / "tests" / "e2e" / "unit_run.py", "/usr/local/lib/unit_run.py")

    def install(self, *packages, name="package"):
        paths = []
        for i, package in enumerate(packages):
            paths.append(f"/var/tmp/{name}{i}.deb")
            self.root.put_file(package, paths[-1])
        return self.root.run("dpkg", "--force-confold", "--force-unsafe-io", "-i", *paths)

    def state(self, package):
        return self.root.run("dpkg-query", "-W", "-f", "${Status} ${Version}", package,
                             check=False).stdout

    def files(self):
        return self.root.run("sh", "-c", "find /etc /usr/sbin /usr/bin /usr/share /usr/lib /lib/systemd"
                             " /var/lib /var/cache /var/log -iname '*proxima*'").stdout.split()

    def dig(self, *words):
        return self.root.run("dig", "@127.0.0.1", "+short", "+tries=2", "+time=5", *words,
                             check=False).stdout.strip()

    def ctl(self, *words):
        return self.root.run("proximactl", *words, check=False)

    def wait(self, condition, daemon, what):
        def good():
            self.assertTrue(daemon.running(), f"{what}: {daemon.child.returncode}\n{daemon.log()}")
            return condition()
        harness.wait_until(good, 20, what, 0.1)

    def it_is_confined(self, program, user):
        status = dict(re.findall(r"^(\w+):\s+(\w+)", self.root.run(
            "sh", "-c", f"cat /proc/$(pidof {program})/status").stdout, re.M))
        self.assertEqual(status["Uid"], self.root.run("id", "-u", user).stdout.strip())
        self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
        self.assertEqual(int(status["CapEff"], 16), 1 << 10, "CAP_NET_BIND_SERVICE alone")
        self.assertEqual(int(status["CapBnd"], 16), 1 << 10)

    def the_name_server_answers(self):
        daemon = self.root.daemon("proxima-gslb")
        self.wait(lambda: self.dig("www.example") == "192.0.2.11", daemon, "an answer")
        self.assertEqual(self.dig("ns1.example"), "127.0.0.1")
        self.assertEqual(self.dig("+tcp", "www.example", "AAAA"), "2001:db8::11")
        self.assertEqual(self.ctl("check").returncode, 0, self.ctl("check").stderr)
        self.assertEqual(self.ctl("reload").returncode, 0)
        self.assertEqual(self.ctl("drain", "here").returncode, 0)
        self.it_is_confined("proxima-gslb", "proxima")
        self.root.run("sh", "-c", "kill -TERM $(pidof proxima-gslb)")
        self.assertEqual(daemon.child.wait(60), 0, daemon.log())
        self.assertNotIn("error", daemon.log())
        self.assertTrue(self.root.run("ls", "/var/lib/proxima").stdout.split(), "a state file")

    def the_edge_serves(self):
        origin = harness.Process(self.root.command(
            "/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory",
            "/usr/share/doc/proxima-edge", "8080"))
        self.root.put("/etc/proxima/edge.toml", self.root.run(
            "cat", "/etc/proxima/edge.toml").stdout.replace("# [cache.disk]", "[cache.disk]").replace(
                '# path = "/var', 'path = "/var').replace("# size", "size"))
        daemon = self.root.daemon("proxima-edge")
        try:
            def fetched():
                return self.root.run("curl", "-sf", "http://127.0.0.1/edge.md", check=False).stdout
            self.wait(lambda: fetched().startswith("# proxima-edge"), daemon, "a page")
            self.assertIn("proxima_edge_disk_writable 1",
                          self.root.run("curl", "-sf", "http://127.0.0.1:9180/metrics").stdout)
            self.it_is_confined("proxima-edge", "proxima-edge")
            self.root.run("sh", "-c", "kill -HUP $(pidof proxima-edge)")
            self.wait(lambda: 'reloads_total{result="success"} 1' in self.root.run(
                "curl", "-sf", "http://127.0.0.1:9180/metrics").stdout, daemon, "a reload")
            self.root.run("sh", "-c", "kill -TERM $(pidof proxima-edge)")
            self.assertEqual(daemon.child.wait(60), 0, daemon.log())
        finally:
            origin.kill()

    def test_installed_started_upgraded_removed_and_purged(self):
        before = self.files()
        self.install(*self.packages.values())
        for package in PACKAGES:
            self.assertEqual(self.state(package), "install ok installed 0.1.0-1")
        self.assertEqual(self.root.run("stat", "-c", "%a %U:%G", "/etc/proxima/proxima.toml",
                                       "/etc/proxima/edge.toml", "/var/lib/proxima").stdout.split("\n"),
                         ["640 root:proxima", "640 root:proxima-edge", "750 proxima:proxima", ""])
        self.the_name_server_answers()
        self.the_edge_serves()

        # What the operator wrote is kept, by an upgrade and by a removal.
        folder = harness.folder()
        for path in ("/etc/proxima/proxima.toml", "/etc/proxima/edge.toml"):
            self.root.run("sh", "-c", f"echo '# mine' >> {path}")
        self.install(*(newer(package, folder) for package in self.packages.values()), name="new")
        for package in PACKAGES:
            self.assertEqual(self.state(package), "install ok installed 0.1.0-2")
        for path in ("/etc/proxima/proxima.toml", "/etc/proxima/edge.toml"):
            text = self.root.run("cat", path).stdout
            self.assertTrue(text.endswith("# mine\n"), text[-200:])
            self.assertIn("# new in this version", self.root.run("cat", path + ".dpkg-dist").stdout)
        self.the_name_server_answers()

        self.root.run("dpkg", "--remove", *PACKAGES)
        self.assertEqual(self.root.run("ls", "/etc/proxima").stdout.split(),
                         ["edge.toml", "edge.toml.dpkg-dist", "example.zone", "proxima.toml",
                          "proxima.toml.dpkg-dist"])
        self.assertNotEqual(self.root.run("ls", "/var/lib/proxima").stdout, "", "keys and state")
        self.root.run("dpkg", "--purge", *PACKAGES)
        self.assertEqual(self.files(), before)
        for package in PACKAGES:
            self.assertEqual(self.state(package), "")


if __name__ == "__main__":
    unittest.main()

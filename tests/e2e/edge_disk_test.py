"""The disk tier of proxima-edge: restarts, kill -9, damage and full disks, on real processes."""
import concurrent.futures
import hashlib
import http.client
import os
import random
import re
import resource
import shutil
import subprocess
import threading
import time
import unittest
import urllib.request

import harness

# kill -9 during writes, this often; PROXIMA_KILLS=200 for the long run.
KILLS = int(os.environ.get("PROXIMA_KILLS", "20"))


def body_of(path, version):
    """Content that tells whether it is whole and whose it is: /NAME/SIZE."""
    size = int(path.rsplit("/", 1)[1])
    rest = f"{path} {version}\n".encode() + random.Random(path).randbytes(size)
    return hashlib.sha256(rest).hexdigest().encode() + rest


def version_in(path, body):
    """The version of a whole body of that path; fails for anything else."""
    if hashlib.sha256(body[64:]).hexdigest().encode() != body[:64]:
        raise AssertionError(f"{path}: torn: {len(body)} octets, {body[:80]!r}")
    name, version = body[64:].split(b"\n", 1)[0].decode().split()
    if name != path:
        raise AssertionError(f"{path}: the body of {name}")
    return int(version)


class Origin(harness.HttpServer):
    def __init__(self):
        super().__init__(OriginHandler)
        self.versions = {}
        self.asked = []  # (method, path)

    def count(self, path):
        return self.asked.count(("GET", path))


class OriginHandler(harness.HttpHandler):
    def do_GET(self):
        self.server.asked.append((self.command, self.path))
        version = self.server.versions.setdefault(self.path, 1)
        lifetime = 0 if self.path.startswith("/stale") else 1000
        tag = f'"{version}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.send_header("Cache-Control", f"max-age={lifetime}")
            self.end_headers()
            return
        body = body_of(self.path, version)
        self.send_response(200)
        self.send_header("Cache-Control", f"max-age={lifetime}")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path))
        self.server.versions[self.path] = self.server.versions.get(self.path, 1) + 1
        self.send_response(204)
        self.end_headers()


CONFIG = """
[edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 2
[limits]
drain_grace = "0s"
[cache]
memory = "{memory}"
max_object = "{max_object}"
[cache.disk]
path = "{folder}"
size = "{size}"
segment = "{segment}"
[origin]
url = "http://127.0.0.1:{origin}"
"""


class Edge:
    """An edge with a disk; start() again after stop() or kill()."""

    def __init__(self, origin_port, disk=None, memory="8MiB", max_object="2MiB",
                 size="16MiB", segment="1MiB"):
        self.folder = disk or harness.folder() / "disk"
        self.port, self.admin = harness.free_port(), harness.free_port()
        self.path = harness.folder() / "edge.toml"
        self.path.write_text(CONFIG.format(
            port=self.port, admin=self.admin, origin=origin_port, folder=self.folder,
            memory=memory, max_object=max_object, size=size, segment=segment))
        self.process = None

    def start(self, **popen):
        self.process = harness.start_edge(self.path, **popen)
        return self

    def restart(self):
        if self.process.stop() != 0:
            raise AssertionError(self.process.log())
        self.start()
        self.wait_for("disk_rebuilding", 0)

    def request(self, path, method="GET", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={
                name.replace("_", "-"): value for name, value in fields.items()})
            response = connection.getresponse()
            body = response.read()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, body
        finally:
            connection.close()

    def version(self, path):
        """GETs it; the version of what came and Cache-Status."""
        status, fields, body = self.request(path)
        if status != 200:
            raise AssertionError(f"{path}: {status}")
        return version_in(path, body), fields["cache-status"]

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as page:
            text = page.read().decode()
        return float(re.search(rf"^proxima_edge_{name} (\S+)$", text, re.M).group(1))

    def wait_for(self, name, value):
        harness.wait_until(lambda: self.metric(name) == value, what=f"{name} {value}")


class DiskCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Origin()

    @classmethod
    def tearDownClass(cls):
        cls.origin.stop()

    def edge(self, **options):
        edge = Edge(self.origin.port, **options).start()
        self.addCleanup(lambda: edge.process.kill())
        return edge


class Restarts(DiskCase):
    def test_what_was_asked_twice_is_a_hit_after_a_restart_with_its_age(self):
        edge = self.edge(size="32MiB", segment="8MiB")
        for path in ("/small/1000", "/small/1000", "/large/1500000", "/large/1500000",
                     "/once/1000"):
            edge.version(path)
        time.sleep(1.1)  # an Age of at least one second
        edge.restart()
        for path in ("/small/1000", "/large/1500000"):
            status, fields, body = edge.request(path)
            self.assertEqual((status, version_in(path, body)), (200, 1))
            self.assertRegex(fields["cache-status"], r"^fra-a; hit; .*detail=disk$")
            self.assertGreaterEqual(int(fields["age"]), 1)
            self.assertEqual(self.origin.count(path), 1)
        self.assertIn("uri-miss", edge.version("/once/1000")[1])
        # Now it is in memory, the large one by its head.
        self.assertRegex(edge.version("/small/1000")[1], r"^fra-a; hit; ttl=\d+$")
        self.assertRegex(edge.version("/large/1500000")[1], r"^fra-a; hit; ttl=\d+$")

    def test_ranges_of_a_large_one_come_from_disk(self):
        edge = self.edge(size="32MiB", segment="8MiB")
        path = "/ranges/1700000"
        edge.version(path), edge.version(path)
        edge.restart()
        whole = body_of(path, 1)
        for first, last in ((0, 0), (65_535, 65_536), (1_234_567, 1_600_000)):
            status, fields, body = edge.request(path, Range=f"bytes={first}-{last}")
            self.assertEqual(status, 206)
            self.assertEqual(fields["content-range"], f"bytes {first}-{last}/{len(whole)}")
            self.assertEqual(body, whole[first:last + 1])
        self.assertEqual(self.origin.count(path), 1)

    def test_an_unsafe_method_ends_what_is_on_disk_for_good(self):
        edge = self.edge()
        path = "/post/5000"
        edge.version(path), edge.version(path)
        edge.restart()
        self.assertEqual(edge.request(path, "POST")[0], 204)
        edge.restart()
        version, status = edge.version(path)
        self.assertEqual(version, 2)
        self.assertIn("uri-miss", status)

    def test_stale_ones_are_validated_after_a_restart(self):
        edge = self.edge()
        path = "/stale/5000"
        for _ in range(3):
            edge.version(path)
        edge.restart()
        version, status = edge.version(path)
        self.assertEqual(version, 1)
        self.assertIn("fwd=stale; fwd-status=304", status)

    def test_a_folder_belongs_to_one_process_and_the_other_serves_from_memory(self):
        edge = self.edge()
        other = self.edge(disk=edge.folder)
        self.assertIn("another process uses it", other.process.log())
        other.version("/shared/1000")
        self.assertIn("hit", other.version("/shared/1000")[1])
        self.assertEqual(other.metric("disk_writable"), 0)


class Kills(DiskCase):
    def load(self, edge, stop, found):
        """Asks for this and that until the edge is killed; what comes must be whole."""
        chance = random.Random()
        while not stop.is_set():
            path = f"/k{int(chance.paretovariate(0.6)) % 60}/{chance.choice(self.sizes)}"
            try:
                version, status = edge.version(path)
                found.append(("hit" in status, version))
            except (OSError, http.client.HTTPException):
                continue  # killed in the middle: the client sees that it is not whole

    def test_whatever_is_served_after_kill_9_is_whole(self):
        self.sizes = [100, 3_000, 70_000, 200_000]
        edge = Edge(self.origin.port, memory="1MiB", max_object="256KiB", size="12MiB")
        chance = random.Random(3)
        hits = 0
        for _ in range(KILLS):
            edge.start()
            stop, found = threading.Event(), []
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                running = [pool.submit(self.load, edge, stop, found) for _ in range(4)]
                time.sleep(0.1 + 0.3 * chance.random())
                hits += edge.metric("disk_hits_total")
                edge.process.kill()
                stop.set()
                for each in running:
                    each.result()
            self.assertTrue(found)
        edge.start()
        edge.wait_for("disk_rebuilding", 0)
        self.assertGreater(edge.metric("disk_objects"), 20)
        for number in range(60):
            for size in self.sizes:
                edge.version(f"/k{number}/{size}")
        self.assertGreater(hits + edge.metric("disk_hits_total"), KILLS)
        self.assertLessEqual(edge.metric("disk_bytes"), 12 << 20)
        self.assertEqual(edge.metric("disk_read_failures_total"), 0)
        self.assertEqual(edge.process.stop(), 0)


class FullDisks(DiskCase):
    def fill(self, edge, rounds):
        for number in range(rounds):
            path = f"/f{number}/100000"
            edge.version(path), edge.version(path)

    def test_a_file_size_limit_degrades_to_memory(self):
        limit = 512 * 1024  # less than a segment
        edge = Edge(self.origin.port)
        edge.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.addCleanup(edge.process.kill)
        self.fill(edge, 5)
        harness.wait_until(lambda: edge.metric("disk_write_failures_total") > 0)
        self.fill(edge, 10)
        self.assertIn("hit", edge.version("/f3/100000")[1])
        self.assertEqual(edge.metric("disk_objects"), 0)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("mount"), "needs to mount a tmpfs")
    def test_a_full_file_system_is_used_as_far_as_it_goes_and_again_when_there_is_room(self):
        folder = harness.folder()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)],
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no tmpfs may be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)], check=True)
        edge = self.edge(disk=folder / "disk", size="16MiB")
        # Four times what fits: our own oldest segments make room for the newest.
        self.fill(edge, 120)
        harness.wait_until(lambda: edge.metric("disk_queued_bytes") == 0)
        self.assertGreater(edge.metric("disk_evicted_segments_total"), 0)
        self.assertGreater(edge.metric("disk_objects"), 5)
        edge.restart()
        self.assertEqual(edge.version("/f119/100000")[0], 1)
        # Others fill it: no segment can be had, and everything is still answered.
        edge.process.stop()
        shutil.rmtree(folder / "disk")
        with open(folder / "others", "wb") as others:
            others.write(b"x" * (3_500 << 10))
        edge.start()
        self.fill(edge, 5)
        harness.wait_until(lambda: edge.metric("disk_write_failures_total") > 0)
        self.assertEqual(edge.metric("disk_writable"), 0)
        self.assertIn("hit", edge.version("/f4/100000")[1])
        os.unlink(folder / "others")

        def written_again():
            self.fill(edge, 1)
            edge.version(f"/g{random.random()}/1000")
            path = f"/h{random.random()}/1000"
            edge.version(path), edge.version(path)
            return edge.metric("disk_objects") > 0
        harness.wait_until(written_again, interval=0.1)
        self.assertEqual(edge.metric("disk_writable"), 1)


if __name__ == "__main__":
    unittest.main()

"""RFC 9111 as cases over sockets.

Beside other caches, which are judged by the same cases:
    python3 http_cache_test.py beside NAME PORT ORIGIN_PORT
where the cache NAME listens on PORT and asks http://127.0.0.1:ORIGIN_PORT.
"""
import sys
import unittest

import harness
import http_cases
import http_reuse_cases
import http_storing_cases

CONFIG = """
[edge]
cluster = "fra"
node = "a"
listen = ["127.0.0.1:{port}"]
admin = "127.0.0.1:{admin}"
workers = 2
[cache]
memory = "16MiB"
[origin]
url = "http://127.0.0.1:{origin}"
first_byte_timeout = "2s"
"""


class HttpCache(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = http_cases.Origin()
        cls.port = harness.free_port()
        path = harness.folder() / "edge.toml"
        path.write_text(CONFIG.format(port=cls.port, admin=harness.free_port(),
                                      origin=cls.origin.port))
        cls.process = harness.start_edge(path)

    @classmethod
    def tearDownClass(cls):
        cls.origin.shutdown()
        cls.origin.server_close()
        if cls.process.stop() != 0:
            raise AssertionError(cls.process.log())

    def check(self, cases, prefix):
        failed = http_cases.play(self.port, self.origin, cases, prefix)
        text = "\n".join(f"{case.name} (RFC 9111 {case.section}): {'; '.join(faults)}"
                         for case, faults in failed)
        if failed:
            self.fail(f"{len(failed)} of {len(cases)} cases:\n{text}")

    def test_storing_and_freshness(self):
        self.check(http_storing_cases.CASES, "s")

    def test_reuse_of_what_is_stored(self):
        self.check(http_reuse_cases.CASES, "r")


def beside(name, port, origin_port):
    """Plays every case that is not our own choice against another cache."""
    origin = http_cases.Origin(origin_port)
    cases = [case for case in http_storing_cases.CASES + http_reuse_cases.CASES if not case.ours]
    failed = http_cases.play(port, origin, cases, "b")
    for case, faults in failed:
        print(f"{name}: {case.section} {case.name}: {faults[0][:160]}")
    print(f"{name}: {len(cases) - len(failed)} of {len(cases)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["beside"]:
        beside(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        unittest.main()

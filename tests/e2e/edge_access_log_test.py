"""The access log of proxima-edge: both formats, request ids, moving the file away."""
import json
import re
import signal
import socket
import unittest

import harness
from edge_test import Edge, Origin

COMBINED = re.compile(r'(?P<client>\S+) - - \[(?P<time>[^]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" '
                      r'(?P<status>\d+) (?P<octets>\d+) "(?P<referer>(?:[^"\\]|\\.)*)" '
                      r'"(?P<agent>(?:[^"\\]|\\.)*)" (?P<cache>\w+) (?P<end>whole|cut) '
                      r'(?P<first>[\d.]+) (?P<total>[\d.]+) (?P<upstream>[\d.]+|-) (?P<id>\S+)')


class Logged(Edge):
    def __init__(self, origin_port, log_format):
        self.path = harness.folder() / "access.log"
        super().__init__(origin_port, lambda text: text + (
            f'[access_log]\nfile = "{self.path}"\nformat = "{log_format}"\n'))

    def lines(self, count=1):
        """The first `count` lines and what follows, once they are there."""
        harness.wait_until(lambda: self.path.read_text().count("\n") >= count,
                           what=f"{count} lines")
        return self.path.read_text().splitlines()

    def wait_for_line(self, text):
        harness.wait_until(lambda: text in self.path.read_text(), what=f"a line with {text}")


class AccessLog(unittest.TestCase):
    def setUp(self):
        self.origin = Origin()

    def tearDown(self):
        self.origin.stop()

    def test_combined_lines_can_be_read_and_not_forged(self):
        edge = Logged(self.origin.port, "combined")
        edge.get("/a", Referer='http://x/"', User_Agent="agent\\ 1")
        edge.get("/a")
        edge.get("/echo", method="POST", body=b"1234", X_Request_Id="given-1")
        edge.raw(b"BAD\x01\r\n\r\n")
        lines = edge.lines(4)  # in no order: each worker has a buffer of its own
        found = [COMBINED.fullmatch(line) for line in lines]
        self.assertTrue(all(found), lines)
        bad, first, second, post = sorted(found, key=lambda match: (match["request"],
                                                                    match["upstream"] == "-"))
        self.assertEqual((first["request"], first["status"], first["octets"], first["cache"]),
                         ("GET /a HTTP/1.1", "200", "13", "miss"))
        self.assertEqual((first["referer"], first["agent"]), ('http://x/\\"', "agent\\\\ 1"))
        self.assertEqual((second["cache"], second["upstream"], second["end"]), ("hit", "-", "whole"))
        self.assertEqual((post["cache"], post["octets"], post["id"]), ("bypass", "4", "given-1"))
        self.assertEqual((bad["request"], bad["status"]), ("-", "400"))
        self.assertLessEqual(float(first["first"]), float(first["total"]))
        self.assertGreater(float(first["upstream"]), 0)
        self.assertEqual(edge.process.stop(), 0)

    def test_ids_go_to_the_origin_and_back_to_the_client(self):
        edge = Logged(self.origin.port, "json")
        given = edge.get("/given", X_Request_Id="abc.1")[1]["x-request-id"]
        made = edge.get("/made")[1]["x-request-id"]
        forged = edge.get("/forged", X_Request_Id='a" b')[1]["x-request-id"]
        self.assertEqual(given, "abc.1")
        self.assertRegex(made, "^[0-9a-f]{32}$")
        self.assertRegex(forged, "^[0-9a-f]{32}$")
        self.assertNotEqual(made, forged)
        entries = [json.loads(line) for line in edge.lines(3)]
        self.assertEqual({entry["request_id"] for entry in entries}, {given, made, forged})
        self.assertEqual(self.origin.last("/made")[2]["X-Request-Id"], made)
        self.assertEqual(edge.process.stop(), 0)

    def test_json_lines_say_what_was_cut_and_who_was_slow(self):
        edge = Logged(self.origin.port, "json")
        with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as sock:
            sock.sendall(b"GET /short HTTP/1.0\r\nHost: Name.example\r\n\r\n")
            while sock.recv(65536):
                pass
        entry = json.loads(edge.lines()[0])
        self.assertEqual((entry["protocol"], entry["host"], entry["whole"], entry["scheme"]),
                         ("HTTP/1.0", "name.example", False, "http"))
        self.assertEqual((entry["client"], entry["body_octets"]), ("127.0.0.1", 9))
        self.assertIn("proxima_edge_access_log_lines_total 1", edge.metrics())
        self.assertIn("proxima_edge_access_log_dropped_lines_total 0", edge.metrics())
        self.assertEqual(edge.process.stop(), 0)

    def test_a_file_moved_away_is_made_anew_at_a_signal(self):
        edge = Logged(self.origin.port, "combined")
        for number, how in enumerate((signal.SIGUSR1, signal.SIGHUP)):
            edge.get(f"/before/{number}")
            old = edge.path.with_suffix(f".{number}")
            edge.wait_for_line(f"/before/{number} ")
            edge.path.rename(old)
            edge.process.signal(how)
            harness.wait_until(edge.path.exists, what="a new file")
            edge.get(f"/after/{number}")
            edge.wait_for_line(f"/after/{number} ")
            self.assertNotIn(f"/after/{number} ", old.read_text())
        edge.get("/last")  # the end writes what is left
        self.assertEqual(edge.process.stop(), 0)
        self.assertIn("/last", edge.path.read_text())


if __name__ == "__main__":
    unittest.main()

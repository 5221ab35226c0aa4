#!/usr/bin/env python3
"""That the benchmark can tell right from wrong and lost, and leaves nothing behind.

Usage: smoke_test.py FOLDER_OF_BINARIES.  Asserts no speed.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import report  # noqa: E402
import run as runner  # noqa: E402
import workloads  # noqa: E402
from process import Program, alive, descendants, free_port  # noqa: E402

BINARIES = os.path.abspath(sys.argv.pop())
QUERY = workloads.query(f"n00000.{workloads.ZONE}")


class PeersSmoke(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory(prefix="peers-test-")
        self.addCleanup(work.cleanup)
        self.work = work.name

    def start_echo(self, *arguments):
        port = free_port()
        program = Program([f"{BINARIES}/peers_echo", "--port", str(port), *arguments],
                          runner.CORES[0], f"{self.work}/log", self.work)
        self.addCleanup(program.stop)
        program.wait_until_answering(port, QUERY)
        return port, program

    def load(self, port, queries, *arguments):
        path = f"{self.work}/set"
        workloads.write_set(path, queries)
        done = subprocess.run(
            [f"{BINARIES}/peers_load", "--server", f"127.0.0.1:{port}", "--set", path,
             "--seconds", "0.1", *arguments],
            stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def assert_all_answered(self, result):
        self.assertGreater(result["sent"], 0)
        self.assertEqual(result["answered"] + result["lost"], result["sent"])
        self.assertEqual(result["lost"], 0)

    def test_what_the_set_does_not_ask_for_is_right(self):
        port, _ = self.start_echo()
        result = self.load(port, [(QUERY, workloads.NOERROR, 0, None)])
        self.assert_all_answered(result)
        self.assertEqual(result["right"], result["answered"])
        self.assertEqual(result["answer_octets"], len(QUERY))

    def test_each_kind_of_wrong_answer_counts_as_wrong(self):
        port, _ = self.start_echo()
        for kind, expected in {"rcode": (workloads.NXDOMAIN, 0, None),
                               "answer_count": (workloads.NOERROR, 1, None),
                               "address": (workloads.NOERROR, 0, "192.0.2.1")}.items():
            result = self.load(port, [(QUERY, *expected)])
            self.assert_all_answered(result)
            self.assertEqual(result["wrong"], result["answered"], kind)
            self.assertEqual(result["wrong_by"][kind], result["answered"])
            self.assertTrue(report.faults(result), kind)

    def test_a_cut_answer_is_wrong_even_when_anything_is_expected(self):
        port, _ = self.start_echo("--answer-octets", "20")
        result = self.load(port, [(QUERY, workloads.NOERROR, 0, None)], "--expect", "any")
        self.assertEqual(result["wrong_by"]["question"], result["answered"])

    def start_liar(self, lie):
        """A server that answers each query with lie(query); returns its port."""
        server = socket.socket(type=socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]

        def serve():
            while True:
                query, client = server.recvfrom(4096)
                if query == b"end":
                    return
                server.sendto(lie(query), client)

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(server.close)
        self.addCleanup(thread.join)
        self.addCleanup(server.sendto, b"end", ("127.0.0.1", port))
        return port

    def test_an_answer_to_another_question_is_wrong(self):
        port = self.start_liar(lambda query: query[:2] + b"\x80" + query[3:13] + b"N" + query[14:])
        result = self.load(port, [(QUERY, 0, 0, None)])
        self.assert_all_answered(result)
        self.assertEqual(result["wrong_by"]["question"], result["answered"])

    def test_an_answer_without_the_subnet_asked_for_is_wrong(self):
        query = workloads.query(f"geo.{workloads.ZONE}", bytes([11, 22, 33]))
        expected = [(query, workloads.UNCHECKED, workloads.UNCHECKED, None)]
        other_scope = self.start_liar(
            lambda q: q[:2] + b"\x80" + q[3:-4] + b"\x18" + q[-3:])
        self.assertEqual(self.load(other_scope, expected)["wrong"], 0)
        for lie in (lambda q: q[:2] + b"\x80" + q[3:-1] + bytes([q[-1] ^ 1]),
                    lambda q: q[:2] + b"\x80" + q[3:11] + b"\0" + q[12:]):
            result = self.load(self.start_liar(lie), expected)
            self.assert_all_answered(result)
            self.assertEqual(result["wrong_by"]["edns"], result["answered"])

    def test_a_query_sent_back_as_it_is_is_wrong(self):
        port = self.start_liar(lambda query: query)
        result = self.load(port, [(QUERY, 0, 0, None)])
        self.assert_all_answered(result)
        self.assertEqual(result["wrong_by"]["header"], result["answered"])

    def test_an_answer_with_another_id_is_stray_and_its_query_lost(self):
        port = self.start_liar(
            lambda query: bytes([query[0] ^ 0x80]) + query[1:2] + b"\x80" + query[3:])
        result = self.load(port, [(QUERY, 0, 0, None)], "--window", "8",
                           "--timeout-ms", "200")
        self.assertEqual(result["answered"], 0)
        self.assertEqual(result["lost"], result["sent"])
        self.assertGreater(result["stray"], 0)

    def test_silence_counts_as_lost(self):
        with socket.socket(type=socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            result = self.load(silent.getsockname()[1], [(QUERY, 0, 0, None)], "--window", "8",
                           "--timeout-ms", "200")
        self.assertGreater(result["sent"], 0)
        self.assertEqual(result["lost"], result["sent"])
        self.assertTrue(report.faults({**result, "right": 1}))

    def test_answers_over_tcp_are_checked_alike(self):
        port = free_port()
        program = Program([f"{BINARIES}/peers_echo", "--port", str(port), "--over", "tcp"],
                          runner.CORES[0], f"{self.work}/log", self.work)
        self.addCleanup(program.stop)
        program.wait_until_answering(port, QUERY, tcp=True)
        many = ["--over", "tcp", "--window", "32", "--sockets", "4"]
        right = self.load(port, [(QUERY, workloads.NOERROR, 0, None)], *many)
        self.assert_all_answered(right)
        self.assertEqual(right["right"], right["answered"])
        wrong = self.load(port, [(QUERY, workloads.NXDOMAIN, 0, None)], *many)
        self.assertEqual(wrong["wrong_by"]["rcode"], wrong["answered"])

    def test_so_many_queries_and_no_more_are_sent(self):
        port, _ = self.start_echo()
        result = self.load(port, [(QUERY, workloads.NOERROR, 0, None)], "--queries", "77",
                           "--seconds", "60")
        self.assertEqual(result["sent"], 77)
        self.assertEqual(result["right"], 77)

    def test_a_fixed_rate_sends_what_is_due(self):
        port, _ = self.start_echo()
        result = self.load(port, [(QUERY, 0, 0, None)], "--rate", "2000")
        self.assertLessEqual(result["sent"] + result["skipped"], 200)
        self.assertGreater(result["sent"], 0)

    def test_a_stopped_program_is_gone_with_its_children(self):
        program = Program(["sh", "-c", "sleep 60 & sleep 60"], runner.CORES[0],
                          f"{self.work}/log", self.work)
        family = descendants(program.process.pid)
        program.stop()
        self.assertFalse([pid for pid, start in family.items() if alive(pid, start)])

    @unittest.skipIf(len(runner.CORES) < 2, "needs two cores")
    def test_a_whole_run_of_the_floor_makes_a_table(self):
        out = f"{self.work}/out.json"
        status = runner.main(["--rounds", "1", "--seconds", "0.3", "--servers", "echo",
                              "--workloads", "static,tcp", "--binaries", BINARIES, "--out", out,
                              "--rate", "1000", "--instructions", "0"])
        self.assertEqual(status, 0)
        with open(out, encoding="utf-8") as file:
            result = json.load(file)
        for workload in "static", "tcp":
            figures = result["summary"][workload]["echo"]
            self.assertEqual(figures["counted"], 1)
            self.assertGreater(figures["cpu_us"]["median"], 0)
            self.assertEqual(len(figures["latency_us"]), 3)
        readme = f"{self.work}/README.md"
        with open(readme, "w", encoding="utf-8") as file:
            file.write(f"a\n{report.BEGIN}\nold\n{report.END}\nb\n")
        report.update_readme(readme, report.markdown(result))
        with open(readme, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("| static | echo", text)
        self.assertNotIn("old", text)
        self.assertTrue(text.startswith("a\n") and text.endswith("\nb\n"))


if __name__ == "__main__":
    unittest.main()

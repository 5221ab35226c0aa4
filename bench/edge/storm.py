#!/usr/bin/env python3
"""A crowd asks at once for an object nobody has, from an origin that drips it; bench/README.md."""
import http.server
import selectors
import socket
import statistics
import sys
import tempfile
import time

import common
import machine

PIECES, PIECE, PAUSE = 20, 4096, 0.03  # of the body: 80 KiB in 0.6 s


class DrippingOrigin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=3600")
        self.send_header("Content-Length", str(PIECES * PIECE))
        self.end_headers()
        for number in range(PIECES):
            self.wfile.write(bytes([97 + number]) * PIECE)
            time.sleep(PAUSE)

    def log_message(self, *_):
        pass


def crowd(port, clients):
    """(first octet of the body, whole) in seconds for each, and how many got it wrong."""
    request = b"GET /storm HTTP/1.1\r\nHost: bench.example\r\n\r\n"
    selector = selectors.DefaultSelector()
    states = []
    for _ in range(clients):
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.setblocking(False)
        state = {"socket": client, "got": b"", "first": None, "whole": None}
        selector.register(client, selectors.EVENT_READ, state)
        states.append(state)
    begin = time.monotonic()
    for state in states:
        state["socket"].send(request)
    left = clients
    while left and time.monotonic() < begin + 60:
        for key, _ in selector.select(1):
            state = key.data
            octets = key.fileobj.recv(1 << 20)
            now = time.monotonic() - begin
            state["got"] += octets
            body = state["got"].partition(b"\r\n\r\n")[2]
            if body and state["first"] is None:
                state["first"] = now
            if len(body) >= PIECES * PIECE or not octets:
                state["whole"] = now
                selector.unregister(key.fileobj)
                left -= 1
    expected = b"".join(bytes([97 + number]) * PIECE for number in range(PIECES))
    wrong = 0
    for state in states:
        head, _, body = state["got"].partition(b"\r\n\r\n")
        wrong += not head.startswith(b"HTTP/1.1 200") or body != expected
        state["socket"].close()
    times = [sorted(state[what] or 60.0 for state in states) for what in ("first", "whole")]
    return times, wrong


def main(arguments):
    parser = common.parser(__doc__)
    parser.add_argument("--clients", type=int, default=500)
    options = parser.parse_args(arguments)
    servers = common.prepare(options)
    runs = {server.name: [] for server in servers}
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as work:
        for number in range(options.rounds):
            for server in common.rotated(servers, number):
                origin = common.serve_origin(DrippingOrigin)
                with common.started(server, origin.server_port, work) as (program, port):
                    common.wait_for(port).close()
                    memory = program.memory_mb()
                    (first, whole), wrong = crowd(port, options.clients)
                    memory = program.memory_mb() - memory
                origin.shutdown()
                origin.server_close()
                runs[server.name].append((origin.asked, first[len(first) // 2] * 1e3,
                                          first[-1] * 1e3, whole[-1] * 1e3, memory, wrong))
    print("| cache | origin asked | first octet, ms: median | last | whole, ms | MB more | wrong |\n"
          "|---|---|---|---|---|---|---|")
    for name, rounds in runs.items():
        middle = [statistics.median(column) for column in zip(*rounds)]
        print(f"| {name} | {max(run[0] for run in rounds)} | "
              + " | ".join(f"{each:,.0f}" for each in middle[1:5])
              + f" | {max(run[5] for run in rounds)} |")
    print(f"\n{machine.facts()['cpu']}, {options.clients} clients, {options.rounds} rounds")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

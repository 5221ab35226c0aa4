"""A hand-made edge node: signs and posts heartbeats as docs/heartbeat.md says."""
import hashlib
import hmac
import http.client
import json
import threading
import time


class Node:
    """Reports every `interval_ms` from a thread of its own until stop()."""

    def __init__(self, admin_port, cluster, node, key, interval_ms=100):
        self.admin_port, self.cluster, self.node, self.key = admin_port, cluster, node, key
        self.interval_ms = interval_ms
        self.state, self.load, self.rtt = "up", [], []
        self.more = {}  # further members
        self.incarnation, self.sequence = int(time.time() * 1000), 0
        self.statuses = []  # HTTP statuses received
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopping.is_set():
            try:
                self.statuses.append(self.report())
            except OSError:
                pass
            self._stopping.wait(self.interval_ms / 1000)

    def body(self):
        self.sequence += 1
        return json.dumps({
            "version": 1, "cluster": self.cluster, "node": self.node,
            "incarnation": self.incarnation, "sequence": self.sequence, "state": self.state,
            "interval_ms": self.interval_ms, "load": self.load, "rtt": self.rtt, **self.more})

    def report(self, body=None, at_ms=None, key=None):
        """Posts one heartbeat; returns the HTTP status."""
        body = self.body() if body is None else body
        stamp = str(int(time.time() * 1000) if at_ms is None else at_ms)
        signature = hmac.new((key or self.key).encode(), f"v1\n{stamp}\n{body}".encode(),
                             hashlib.sha256).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=2)
        try:
            connection.request("POST", "/v1/heartbeat", body, {
                "Content-Type": "application/json", "Proxima-Time": stamp,
                "Proxima-Cluster": self.cluster, "Proxima-Signature": signature})
            return connection.getresponse().status
        finally:
            connection.close()

    def stop(self):
        self._stopping.set()
        self._thread.join()

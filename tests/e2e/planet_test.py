"""The demo's stack in full: real edges, real places, death under load."""
import pathlib
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "demo"))

import dnsclient  # noqa: E402
import planet  # noqa: E402
from planet import harness  # noqa: E402

QUERIES = 200_000


def setUpModule():
    if not planet.geo_database_present():
        raise unittest.SkipTest("geodata/db is empty: geodata/fetch.sh fetches it")


class PlanetTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = planet.Planet(ttl=20)
        cls.addClassCleanup(cls.world.stop)
        cls.world.start()

    def ask(self, subnet, name="www.cdn.example"):
        kind = dnsclient.AAAA if ":" in subnet else dnsclient.A
        return dnsclient.ask(self.world.server, name, kind, subnet)

    def cluster(self, address):
        part = address.split(":")[2] if ":" in address else address.split(".")[2]
        return planet.CITIES[int(part) - 1][0]

    def test_known_client_networks_get_the_cluster_a_person_would_expect(self):
        networks = planet.client_networks()
        self.assertGreaterEqual(len(networks), 20)
        for row in networks:
            with self.subTest(**row):
                answer = self.ask(row["network"])
                self.assertEqual(row["cluster"], self.cluster(answer.addresses[0]))
                self.assertGreater(answer.scope, 0)

    def test_an_edge_serves_a_miss_then_a_hit(self):
        import http.client
        address = self.ask("129.132.0.0/16").addresses[0]
        seen = []
        for _ in range(2):
            connection = http.client.HTTPConnection(address, self.world.http_port, timeout=5)
            connection.request("GET", "/hello.txt", headers={"Host": "www.cdn.example"})
            reply = connection.getresponse()
            self.assertEqual((200, planet.ORIGIN_FILES["/hello.txt"][0]),
                             (reply.status, reply.read()))
            seen.append(reply.getheader("Cache-Status"))
            connection.close()
        self.assertIn("fwd=uri-miss", seen[0])
        self.assertIn("hit", seen[1])

    # kill -9 and restart of nodes, one after the other, while 200,000 queries are asked: none is
    # lost or malformed, and nobody is sent to a node that has been dead for a second.
    def test_churn_loses_no_query_and_names_no_dead_node(self):
        networks = [row["network"] for row in planet.client_networks()
                    if ":" not in row["network"]]
        died = {}       # address → when
        restarted = {}  # address → when it was started again
        late = []
        state = {"left": QUERIES, "next_event": time.monotonic() + 0.2, "victims": []}
        order = ["fra-1", "nyc-2", "gru-1", "sin-2", "syd-1", "jnb-2"] * 10

        def churn(now):
            if state["victims"] and now - died[state["victims"][0].address] > 2.0:
                victim = state["victims"].pop(0)
                restarted[victim.address] = now
                victim.start()
            elif len(state["victims"]) < 3 and order:
                victim = self.world.edges[order.pop(0)]
                if victim in state["victims"] or not victim.process.running():
                    return
                victim.kill()
                died[victim.address] = time.monotonic()
                restarted.pop(victim.address, None)
                state["victims"].append(victim)

        def send_next():
            now = time.monotonic()
            if now >= state["next_event"]:
                churn(now)
                state["next_event"] = now + 0.7
            if state["left"] == 0:
                return None
            state["left"] -= 1
            return f"name-{state['left'] % 5000}.cdn.example", networks[state["left"] % len(networks)]

        def on_answer(answer, sent_at):
            self.assertEqual((0, 1), (answer.rcode, len(answer.addresses)))
            address = answer.addresses[0]
            if address in died and address not in restarted and sent_at - died[address] > 1.0:
                late.append((address, sent_at - died[address]))

        stream = dnsclient.Stream(self.world.server, window=48)
        stream.run(send_next, on_answer)
        print(f"{stream.sent} queries, {stream.answered} answered, {stream.lost} lost, "
              f"{stream.malformed} malformed, {len(died)} nodes killed, {len(late)} answers named "
              "a node dead for more than 1.0 s")
        self.assertGreaterEqual(len(died), 3)
        self.assertEqual((QUERIES, QUERIES, 0, 0),
                         (stream.sent, stream.answered, stream.lost, stream.malformed))
        self.assertEqual([], late[:3])
        for victim in state["victims"]:
            victim.start()


if __name__ == "__main__":
    unittest.main()

"""One name that is too much for one node: the nodes of a cluster share its clients."""
import collections
import json
import time
import unittest
import urllib.request

import harness
from steering_test import FRA, Gslb

# Neighbours are of two cities, so that none are joined into a larger leaf.
CLIENTS = [f"198.18.{number}.0/24" for number in range(64)]
PLACES = "".join(f"{client},DE,{('50.1,8.7', '48.1,11.6')[number % 2]},64500,Net\n"
                 for number, client in enumerate(CLIENTS))


class BalanceTest(unittest.TestCase):
    def test_the_clients_of_a_single_name_are_divided_between_the_nodes(self):
        gslb = Gslb(places=PLACES)
        gslb.config.write_text(gslb.config.read_text().replace("ttl = 30", "ttl = 1")
                               .replace('"500ms"', '"200ms"'))
        gslb.start()
        self.addCleanup(gslb.stop)

        def ask_all():
            """Every client asks and loads the node it is told by one."""
            told = collections.Counter(gslb.address(subnet=client) for client in CLIENTS)
            for number, address in enumerate(FRA, 1):
                gslb.nodes[f"fra/n{number}"].load = [
                    {"resource": "requests_per_s", "current": told[address]}]
            return max(told.values())

        self.assertEqual(len(CLIENTS), ask_all(), "a name has one node until that is too much")
        most = len(CLIENTS) * 1.25 / 2

        def is_balanced():
            time.sleep(0.05)
            return ask_all() <= most
        harness.wait_until(is_balanced, 20, "both nodes serve")
        before = {client: gslb.address(subnet=client) for client in CLIENTS}
        self.assertEqual(before, {client: gslb.address(subnet=client) for client in CLIENTS})
        text = urllib.request.urlopen(f"http://127.0.0.1:{gslb.admin_port}/metrics").read().decode()
        self.assertRegex(text, r'proxima_node_yield_ratio\{cluster="fra",node="n[12]"\} 0\.[0-9]')
        told = json.loads(harness.proximactl(gslb.admin_port, "explain", "www.cdn.example",
                                             "--client", CLIENTS[0][:-4] + "7", "--json",
                                             check=True).stdout)
        [named] = [node["id"] for node in told["nodes"] if node["named"]]
        self.assertEqual(before[CLIENTS[0]], FRA[int(named[1]) - 1])
        self.assertGreater(max(node["yield"] for node in told["nodes"]), 0)
        table = harness.proximactl(gslb.admin_port, "explain", "www.cdn.example", "--client",
                                   CLIENTS[0][:-4] + "7", check=True).stdout
        self.assertRegex(table, r"NODE OF fra +SERVING +LOAD/SHARE +YIELDS +NAMED")


if __name__ == "__main__":
    unittest.main()

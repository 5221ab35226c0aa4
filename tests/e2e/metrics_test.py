"""A real daemon, asked with dig and scraped: by this test, by promtool, by Prometheus."""
import json
import re
import shutil
import socket
import subprocess
import unittest
import urllib.parse
import urllib.request

import harness

CONFIG = """
[server]
listen = ["127.0.0.1:{dns}", "[::1]:{dns}"]
workers = 2
nsid = "metrics-test"

[admin]
listen = "127.0.0.1:{admin}"

[[zone]]
name = "example."
file = "example.zone"

[cluster.fra]
latitude = 50.11
longitude = 8.68
health = "none"
[[cluster.fra.node]]
id = "n1"
ipv4 = "203.0.113.1"
ipv6 = "2001:db8:f::1"

[cluster.nyc]
latitude = 40.71
longitude = -74.01
health = "none"
[[cluster.nyc.node]]
id = "n1"
ipv4 = "198.51.100.1"

[service.web]

[[route]]
name = "*.cdn.example."
service = "web"

[[override]]
prefix = "192.0.2.0/24"
latitude = 40.7
longitude = -74.0
set_country = "US"

[[override]]
prefix = "198.51.100.0/24"
latitude = 50.1
longitude = 8.7
set_country = "DE"

[steering]
plan_interval = "200ms"
"""

ZONE = """$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 300
@ IN NS ns
ns IN A 192.0.2.53
www IN A 192.0.2.80
"""

PROMETHEUS = """
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
scrape_configs:
  - job_name: proxima
    static_configs:
      - targets: ["127.0.0.1:{admin}"]
"""


def get(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode()


def post(url):
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=5):
        pass


def free_dns_port():
    """A port that is free on UDP and TCP, IPv4 and IPv6."""
    for _ in range(100):
        port = harness.free_port()
        try:
            for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(family, kind) as probe:
                        probe.bind((address, port))
            return port
        except OSError:
            continue
    raise AssertionError("no free port")


def scrape(admin):
    """Series as written → value."""
    lines = get(f"http://127.0.0.1:{admin}/metrics").splitlines()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}


class Metrics(unittest.TestCase):
    def setUp(self):
        folder = harness.folder()
        self.dns, self.admin = free_dns_port(), harness.free_port()
        self.config = folder / "gslb.toml"
        self.config.write_text(CONFIG.format(dns=self.dns, admin=self.admin))
        (folder / "example.zone").write_text(ZONE)
        self.daemon = harness.Process([harness.binary("proxima-gslb"), "-c", str(self.config)])
        self.daemon.wait_for_port(self.admin)
        harness.wait_until(lambda: scrape(self.admin)["proxima_ready"] == 1, what="ready")

    def tearDown(self):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.log())

    def dig(self, *arguments, server="127.0.0.1"):
        return subprocess.run(
            ["dig", f"@{server}", "-p", str(self.dns), "+tries=1", "+time=5", *arguments],
            check=True, capture_output=True, text=True).stdout

    def expect_growth(self, before, growth):
        """Series and by how much they have grown, once the workers have counted."""
        def grown():
            now = scrape(self.admin)
            return {name: now.get(name, 0) - before.get(name, 0) for name in growth} == growth
        try:
            harness.wait_until(grown, timeout=5)
        except AssertionError:
            now = scrape(self.admin)
            self.assertEqual({name: now.get(name, 0) - before.get(name, 0) for name in growth},
                             growth)

    def test_counters_tell_what_was_asked(self):
        before = scrape(self.admin)
        self.assertEqual(self.dig("+short", "+subnet=192.0.2.0/24", "a.cdn.example", "A"),
                         "198.51.100.1\n")
        self.assertEqual(self.dig("+short", "+subnet=198.51.100.0/24", "a.cdn.example", "AAAA"),
                         "2001:db8:f::1\n")
        self.assertEqual(self.dig("+short", "+noedns", "www.example", "A"), "192.0.2.80\n")
        self.assertIn("NXDOMAIN", self.dig("+tcp", "nowhere.example", "A"))
        self.assertIn("REFUSED", self.dig("elsewhere.test", "A", server="::1"))
        self.expect_growth(before, {
            'proxima_queries_total{transport="udp",family="ipv4"}': 3,
            'proxima_queries_total{transport="udp",family="ipv6"}': 1,
            'proxima_queries_total{transport="tcp",family="ipv4"}': 1,
            'proxima_queries_total{transport="tcp",family="ipv6"}': 0,
            'proxima_responses_total{rcode="NOERROR"}': 3,
            'proxima_responses_total{rcode="NXDOMAIN"}': 1,
            'proxima_responses_total{rcode="REFUSED"}': 1,
            'proxima_refusals_total{reason="not_ours"}': 1,
            'proxima_ecs_queries_total{use="used"}': 2,
            'proxima_edns_queries_total': 4,
            'proxima_routed_responses_total': 2,
            'proxima_decisions_total{service="web",cluster="nyc",reason="best"}': 1,
            'proxima_decisions_total{service="web",cluster="fra",reason="best"}': 1,
            'proxima_query_duration_seconds_count': 5,
            'proxima_query_duration_seconds_bucket{le="+Inf"}': 5,
            'proxima_socket_queries_total{transport="udp"}': 4,
            'proxima_socket_answers_total{transport="udp"}': 4,
            'proxima_socket_answers_total{transport="tcp"}': 1,
            'proxima_tcp_accepted_connections_total': 1,
            'proxima_tcp_closed_connections_total{reason="peer"}': 1,
            'proxima_dropped_queries_total': 0,
        })
        self.assertEqual(scrape(self.admin)["proxima_tcp_open_connections"], 0)

    def test_garbage_is_counted_and_not_answered(self):
        before = scrape(self.admin)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", self.dns))
            client.send(b"short")                                     # no whole header
            client.send(b"\x00\x01\x80\x00" + bytes(8))               # a response
            client.send(b"\x00\x02\x28\x00\x00\x01" + bytes(6))       # UPDATE, no question
        self.expect_growth(before, {
            'proxima_udp_dropped_total{reason="short"}': 1,
            'proxima_udp_dropped_total{reason="unanswered"}': 1,
            'proxima_refusals_total{reason="response"}': 1,
            'proxima_refusals_total{reason="opcode"}': 1,
            'proxima_dropped_queries_total': 1,
            'proxima_responses_total{rcode="NOTIMP"}': 1,
        })

    def test_state_is_shown(self):
        now = scrape(self.admin)
        for name, value in {
                'proxima_workers': 2, 'proxima_zones': 1, 'proxima_zone_records': 4,
                'proxima_routes': 1, 'proxima_plan_feasible': 1,
                'proxima_cluster_serving{cluster="fra"}': 1,
                'proxima_node_serving{cluster="nyc",node="n1"}': 1,
                'proxima_last_reload_successful': 1,
                'proxima_reloads_total{result="success"}': 0}.items():
            self.assertEqual(now.get(name), value, name)
        self.assertGreaterEqual(now["proxima_snapshot_generation"], 1)
        self.assertGreaterEqual(now["proxima_geo_units"], 3)
        self.assertGreater(now["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(now["process_open_fds"], 3)

    def test_a_drained_cluster_and_failed_and_good_reloads_are_seen(self):
        url = f"http://127.0.0.1:{self.admin}/v1/"
        post(url + "drain?target=nyc")
        harness.wait_until(
            lambda: scrape(self.admin)['proxima_cluster_serving{cluster="nyc"}'] == 0)
        now = scrape(self.admin)
        self.assertEqual(now['proxima_cluster_admin_state{cluster="nyc",state="drain"}'], 1)
        self.assertEqual(self.dig("+short", "+subnet=192.0.2.0/24", "a.cdn.example", "A"),
                         "203.0.113.1\n")

        good = self.config.read_text()
        generation = now["proxima_snapshot_generation"]
        self.config.write_text(good + "\n[steering.nonsense]\n")
        post(url + "reload")
        harness.wait_until(
            lambda: scrape(self.admin)['proxima_reloads_total{result="failure"}'] == 1)
        self.assertEqual(scrape(self.admin)["proxima_last_reload_successful"], 0)
        self.config.write_text(good)
        post(url + "reload")
        harness.wait_until(
            lambda: scrape(self.admin)['proxima_reloads_total{result="success"}'] == 1)
        now = scrape(self.admin)
        self.assertEqual(now["proxima_last_reload_successful"], 1)
        self.assertGreater(now["proxima_last_reload_timestamp_seconds"],
                           now["proxima_start_time_seconds"])
        self.assertGreater(now["proxima_snapshot_generation"], generation)
        self.assertEqual(now['proxima_cluster_admin_state{cluster="nyc",state="drain"}'], 1)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_promtool_finds_nothing_to_mend(self):
        self.dig("a.cdn.example", "A")
        text = get(f"http://127.0.0.1:{self.admin}/metrics")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                 capture_output=True, timeout=30)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed")
    def test_prometheus_scrapes_it(self):
        folder, port = harness.folder(), harness.free_port()
        (folder / "prometheus.yml").write_text(PROMETHEUS.format(admin=self.admin))
        prometheus = harness.Process([
            "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"])

        def query(expression):
            """Values by series, empty while there is nothing yet."""
            url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode(
                {"query": expression})
            try:
                answer = json.loads(get(url))
            except OSError:  # also urllib's own errors
                return []
            self.assertEqual(answer["status"], "success")
            return [(each["metric"], float(each["value"][1]))
                    for each in answer["data"]["result"]]

        def is_value(expression, wanted):
            harness.wait_until(lambda: [value for _, value in query(expression)] == [wanted],
                               timeout=20, what=f"{expression} == {wanted}", interval=0.1)

        try:
            prometheus.wait_for_port(port, timeout=20)
            is_value('up{job="proxima"}', 1)
            is_value("proxima_ready", 1)
            for _ in range(3):
                self.dig("+subnet=198.51.100.0/24", "a.cdn.example", "A")
            is_value('proxima_decisions_total{cluster="fra",reason="best"}', 3)
            is_value("proxima_query_duration_seconds_count", 3)
            is_value("count(proxima_cluster_serving == 1)", 2)
            is_value('count(proxima_build_info{version=~"[0-9]+[.].*"})', 1)
            # Every family of the scrape has arrived.
            names = {re.match(r"[a-z_]+", name).group() for name in scrape(self.admin)}
            arrived = {metric["__name__"] for metric, _ in query('{job="proxima"}')}
            self.assertEqual(names - arrived, set())
        finally:
            prometheus.stop()

"""What operators watch by: the page of metrics, rules, runbooks and dashboards, held against daemons
with everything on and the real Prometheus that scrapes them."""
import json
import os
import pathlib
import re
import runpy
import subprocess
import unittest
import urllib.parse
import urllib.request

import alert_cases
import harness
import metrics_page
import whole_fleet

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "packaging" / "prometheus" / "proxima.rules.yml"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
DASHBOARDS = ROOT / "packaging" / "grafana"

PROMETHEUS = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: ["{rules}"]
scrape_configs:
  - job_name: proxima-gslb
    static_configs: [{{targets: {gslbs}}}]
  - job_name: proxima-edge
    static_configs: [{{targets: {edges}}}]
"""


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)


def dashboard_queries():
    """(dashboard and panel, query as Grafana would send it)."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                query = target["expr"].replace("$__rate_interval", "10s")
                yield f"{path.name}: {panel['title']}", re.sub(r"\$\w+", ".*", query)


class Files(unittest.TestCase):
    """What needs no daemon."""

    def test_every_alert_fires_when_it_must_and_is_silent_when_it_must_not(self):
        checked = run("promtool", "check", "rules", str(RULES))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        alerts = re.findall(r"- alert: Proxima(\w+)", RULES.read_text())
        self.assertEqual(set(alerts), set(alert_cases.CASES))
        files = []
        for tests in alert_cases.promtool_tests(str(RULES)):
            files.append(str(harness.folder() / "tests.json"))
            pathlib.Path(files[-1]).write_text(json.dumps(tests))
        tested = run("promtool", "test", "rules", *files)
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)

    def test_every_alert_leads_to_its_page(self):
        text, pages = RULES.read_text(), RUNBOOKS.read_text()
        links = re.findall(r"- alert: (\w+).*?runbook_url: \S+/runbooks\.md#(\w+)", text, re.S)
        self.assertEqual([name.lower() for name, _ in links], [link for _, link in links])
        headings = re.findall(r"^### (\w+)$", pages, re.M)
        self.assertEqual(sorted(headings), sorted(name for name, _ in links))

    def test_runbooks_name_commands_metrics_and_pages_that_exist(self):
        pages = RUNBOOKS.read_text()
        usage = run(harness.binary("proximactl"), "--help").stdout
        verbs = set(re.findall(r"(?:^  |\| )([a-z]+)\b", usage, re.M))
        for words in re.findall(r"`proximactl (?:-v )?([a-z]+)[^`]*`", pages):
            self.assertIn(words, verbs)
        known = metrics_page.declared()
        for name in re.findall(r"proxima_[a-z_]+", pages):
            self.assertIn(name, known)
        for page in re.findall(r"\]\(([\w./-]+\.md)", pages):
            self.assertTrue((RUNBOOKS.parent / page).exists(), page)

    def test_dashboards_are_what_their_script_writes(self):
        written = runpy.run_path(str(DASHBOARDS / "make.py"))["files"]()
        self.assertEqual({path.name: path.read_text() for path in DASHBOARDS.glob("*.json")}, written)

    def test_the_example_configuration_is_good(self):
        checked = run("promtool", "check", "config", str(RULES.parent / "prometheus.yml"))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class Watched(unittest.TestCase):
    """A fleet and its Prometheus."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = whole_fleet.Fleet()
        cls.fleet.start()
        folder, cls.port = harness.folder(), harness.free_port()
        (folder / "prometheus.yml").write_text(PROMETHEUS.format(
            rules=RULES, gslbs=json.dumps([f"127.0.0.1:{port}" for port in cls.fleet.gslb_admins]),
            edges=json.dumps([f"127.0.0.1:{port}" for port in cls.fleet.edge_admins])))
        cls.prometheus = harness.Process(
            ["prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{cls.port}"])
        harness.wait_until(cls.is_ready, 20, "Prometheus", 0.1)

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.stop()
        ended = cls.fleet.stop()
        assert not ended, ended

    @classmethod
    def is_ready(cls):
        try:
            return "Ready" in whole_fleet.get(cls.port, "/-/ready")
        except OSError:  # 503 is one too
            return False

    def api(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.api("query", query=expression)["result"]

    def families(self):
        return metrics_page.scrape_all(self.fleet, whole_fleet.get)

    def rules(self):
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]

    def test_the_page_has_every_metric_as_it_is(self):
        harness.wait_until(lambda: not metrics_page.declared() - set(self.families()), 30,
                           "a series of every family that the sources declare", 0.5)
        faults = metrics_page.faults(metrics_page.PAGE.read_text(), self.families())
        self.assertEqual(faults, [], "\nmend it: tests/e2e/metrics_page.py\n" + "\n".join(faults))

    def test_every_query_of_every_dashboard_finds_something(self):
        left = dict(dashboard_queries())
        self.assertGreater(len(left), 80)

        def all_found():
            for panel in [panel for panel, query in left.items() if self.query(query)]:
                del left[panel]
            return not left
        try:
            harness.wait_until(all_found, 15, "data", 1)
        except AssertionError:
            self.fail(f"nothing found for {json.dumps(left, indent=1)}")

    def test_rules_read_metrics_and_labels_that_daemons_have(self):
        rules = harness.wait_until(
            lambda: (rules := self.rules()) and all(rule["health"] == "ok" for rule in rules) and
            rules, 30, "an evaluation of every rule without an error", 0.5)
        recorded = {rule["name"] for rule in rules if rule["type"] == "recording"}
        known = self.families()
        for rule in rules:
            expression = re.sub(r'"[^"]*"', '""', rule["query"])
            for name, matchers in re.findall(r"([a-z_:]*(?:proxima|process)_[a-z_:0-9]+)(?:\{(.*?)\})?",
                                             expression):
                family = known.get(re.sub("_(bucket|sum|count)$", "", name))
                self.assertTrue(family or name in recorded, f"{rule['name']}: {name}")
                labels = set(re.findall(r"(\w+)[=!]", matchers or ""))
                self.assertLessEqual(labels, {"job", "instance", *(family.labels if family else ())},
                                     rule["name"])
        for name in recorded:
            harness.wait_until(lambda name=name: self.query(name), 20, name, 0.5)

    def test_a_fleet_that_is_well_raises_no_alarm(self):
        harness.wait_until(lambda: all(rule["health"] == "ok" for rule in self.rules()), 30,
                           "evaluations", 0.5)
        # A machine that is busy, with sanitizers at that, is late at times.
        late = {"ProximaAnswersSlow", "ProximaEdgeHeartbeatsFail"}

        def alarmed():
            return {rule["name"] for rule in self.rules()
                    if rule.get("state") in ("pending", "firing")} - late
        try:
            harness.wait_until(lambda: not alarmed(), 10, "no alarm", 0.5)
        except AssertionError:
            self.assertEqual(alarmed(), set())


if __name__ == "__main__":
    os.environ.setdefault("PROXIMA_BIN", str(ROOT / "build" / "dev" / "bin"))
    unittest.main()

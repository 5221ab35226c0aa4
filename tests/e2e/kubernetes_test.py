"""The example for Kubernetes holds together: names that refer to each other, configurations that load."""
import pathlib
import re
import subprocess
import unittest

import harness
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging" / "kubernetes"


def objects():
    """(kind, name) → object, of all files that the kustomization lists."""
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    found = {}
    for name in listed:
        for each in yaml.safe_load_all((FOLDER / name).read_text()):
            key = (each["kind"], each["metadata"]["name"])
            assert key not in found, key
            found[key] = each
    return found


class Kubernetes(unittest.TestCase):
    def setUp(self):
        self.objects = objects()
        self.workloads = [each for (kind, _), each in self.objects.items()
                          if kind in ("Deployment", "DaemonSet")]

    def test_every_file_is_listed_and_every_object_is_in_the_namespace(self):
        listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
        self.assertEqual(sorted(listed + ["kustomization.yaml"]),
                         sorted(path.name for path in FOLDER.iterdir()))
        for (kind, name), each in self.objects.items():
            self.assertTrue(each["apiVersion"], name)
            if kind != "Namespace":
                self.assertEqual(each["metadata"]["namespace"], "proxima", name)

    def test_workloads_select_their_pods_and_mount_what_there_is(self):
        self.assertEqual(len(self.workloads), 2)
        for each in self.workloads:
            spec, pod = each["spec"], each["spec"]["template"]["spec"]
            labels = spec["template"]["metadata"]["labels"]
            self.assertLessEqual(spec["selector"]["matchLabels"].items(), labels.items())
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            used = set()
            for container in pod["containers"] + pod["initContainers"]:
                used |= {mount["name"] for mount in container["volumeMounts"]}
                ports = {port["name"] for port in container.get("ports", [])}
                for probe in ("readinessProbe", "startupProbe"):
                    if probe in container:
                        self.assertIn(container[probe]["httpGet"]["port"], ports)
            self.assertEqual(used, set(volumes))
            for volume in volumes.values():
                if "configMap" in volume:
                    self.assertIn(("ConfigMap", volume["configMap"]["name"]), self.objects)
                if "secret" in volume:
                    self.assertIn(("Secret", volume["secret"]["secretName"]), self.objects)

    def test_services_find_pods_and_give_the_jobs_that_rules_expect(self):
        rules = (ROOT / "packaging" / "prometheus" / "proxima.rules.yml").read_text()
        jobs = set(re.findall(r'up\{job="([^"]+)"\}', rules))
        pods = {each["spec"]["template"]["metadata"]["labels"]["app"] for each in self.workloads}
        services = [each for (kind, _), each in self.objects.items() if kind == "Service"]
        monitor = self.objects["ServiceMonitor", "proxima"]["spec"]
        self.assertEqual({each["metadata"]["labels"][monitor["jobLabel"]] for each in services}, jobs)
        self.assertEqual({each["spec"]["selector"]["app"] for each in services}, pods)
        self.assertEqual(set(monitor["selector"]["matchExpressions"][0]["values"]), pods)
        for each in services:
            self.assertIn(monitor["endpoints"][0]["port"],
                          [port["name"] for port in each["spec"]["ports"]])

    def test_the_configurations_load(self):
        folder = harness.folder()
        for name, text in self.objects["Secret", "keys"]["stringData"].items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
        for program, name in (("proxima-gslb", "gslb"), ("proxima-edge", "edge")):
            for file, text in self.objects["ConfigMap", name]["data"].items():
                text = text.replace("/run/secrets/proxima", str(folder)).replace("NODE", "a")
                (folder / file).write_text(text.replace("/var/lib/proxima", str(folder)).replace(
                    "/var/cache/proxima-edge", str(folder)))
            file = next(iter(self.objects["ConfigMap", name]["data"]))
            checked = subprocess.run([harness.binary(program), "check", "-c", str(folder / file)],
                                     capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(checked.returncode, 0, checked.stderr)


if __name__ == "__main__":
    unittest.main()

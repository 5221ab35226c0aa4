#!/usr/bin/env python3
"""Writes the Grafana dashboards (*.json beside this file) from the panels named here.

    packaging/grafana/make.py

A test fails where the files are not what this writes, and where a query finds nothing in a
Prometheus that scrapes running daemons.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from panels import dashboard, graph, quantile, rate, row, stat, table, variable  # noqa: E402


def overview():
    edge = "proxima_edge_requests_total"
    return dashboard("overview", [
        row("Now"),
        stat("Alerts firing", 'count(ALERTS{alertstate="firing",alertname=~"Proxima.*"}) or vector(0)',
             warn=1, bad=3, why="Each has a page in docs/runbooks.md."),
        stat("GSLB nodes that answer", 'sum(proxima_ready) / count(up{job="proxima-gslb"})',
             "percentunit", warn=1, bad=0.5, link="dns"),
        stat("Clusters that serve",
             "sum(max by (cluster) (proxima_cluster_serving)) / "
             "count(max by (cluster) (proxima_cluster_serving))",
             "percentunit", warn=1, bad=0.7, link="cluster"),
        stat("Edge nodes up", 'sum(proxima_edge_state{state="up"}) / count(up{job="proxima-edge"})',
             "percentunit", warn=0.95, bad=0.7, link="edge"),
        stat("Fullest cluster", "max(proxima_cluster_utilisation_ratio)", "percentunit", 1, 1.2,
             "Load over target.", link="cluster"),
        stat("Room for a loss", "max(proxima_cluster_loss_target_scale_ratio)", "short", 1.0001, 1.3,
             "Factor the other targets would have to be raised by if the worst cluster died now.",
             link="cluster"),
        stat("Queries a second", rate("proxima_queries_total"), "reqps", link="dns"),
        stat("SERVFAIL", rate("proxima_responses_total", labels='rcode="SERVFAIL"') + " / " +
             rate("proxima_responses_total"), "percentunit", 0.001, 0.01, link="dns"),
        stat("p99 of a query", quantile(0.99, "proxima_query_duration_seconds"), "s", 0.0002, 0.001,
             "From a message at hand to its answer written.", link="dns"),
        stat("Requests a second", rate(edge), "reqps", link="edge"),
        stat("Hits", rate(edge, labels='cache=~"hit|stale|collapsed"') + " / " +
             rate(edge, labels='cache!="none"'), "percentunit", 0.8, 0.5, link="edge"),
        stat("Errors (5xx)", rate(edge, labels='status="5xx"') + " / " + rate(edge), "percentunit",
             0.001, 0.01, link="edge"),
        row("Why"),
        graph("Decisions by reason", [(rate("proxima_decisions_total", "reason"), "{{reason}}")],
              "reqps", stack=True,
              why="spill: the best cluster is full. failover: it does not serve. fallback: nobody does."),
        graph("Use of targets", [("max by (cluster) (proxima_cluster_utilisation_ratio)",
                                  "{{cluster}}")], "percentunit", 1, 1.2, least=0),
        graph("Queries by GSLB node", [(rate("proxima_queries_total", "instance"), "{{instance}}")],
              "reqps", stack=True),
        graph("Requests by what the cache did", [(rate(edge, "cache"), "{{cache}}")], "reqps",
              stack=True),
        table("Clusters", [
            ("max by (cluster) (proxima_cluster_serving_nodes)", "nodes that serve", "short"),
            ("max by (cluster) (proxima_cluster_nodes)", "of", "short"),
            ("max by (cluster) (proxima_cluster_utilisation_ratio)", "use of target", "percentunit"),
            ("max by (cluster) (proxima_cluster_price_seconds)", "price", "s"),
            ("max by (cluster) (proxima_cluster_loss_target_scale_ratio)", "others if it died",
             "short"),
            (rate("proxima_decisions_total", "cluster"), "decisions a second", "reqps")], "cluster"),
    ])


def cluster():
    here = 'cluster=~"$cluster"'
    group = "max by (group) (proxima_group_{})".format
    return dashboard("cluster", [
        row("Where clients are sent"),
        graph("Decisions by cluster", [(rate("proxima_decisions_total", "cluster", here),
                                        "{{cluster}}")], "reqps", stack=True),
        graph("Decisions by reason", [(rate("proxima_decisions_total", "reason", here),
                                       "{{reason}}")], "reqps", stack=True),
        row("Load"),
        graph("Use of targets", [(f"max by (cluster) (proxima_cluster_utilisation_ratio{{{here}}})",
                                  "{{cluster}}")], "percentunit", 1, 1.2, least=0),
        graph("Requests a second, target and maximum", [
            (f'max by (cluster) (proxima_cluster_{metric}{{{here},resource="requests_per_s"}})',
             f"{{{{cluster}}}} {word}")
            for metric, word in (("load", "load"), ("load_target", "target"), ("load_max", "max"))],
            "reqps"),
        graph("Planned and possible demand", [
            (f"max by (cluster) (proxima_cluster_{metric}_demand_per_second{{{here}}})",
             f"{{{{cluster}}}} {metric}") for metric in ("planned", "capacity")], "reqps"),
        graph("Price of being full", [(f"max by (cluster) (proxima_cluster_price_seconds{{{here}}})",
                                       "{{cluster}}")], "s",
              why="Latency the plan adds, so that the clients who lose least leave."),
        graph("If it died: others over their targets", [
            (f"max by (cluster) (proxima_cluster_loss_target_scale_ratio{{{here}}})",
             "{{cluster}}")], "short", 1, 1.3),
        graph("Surcharge for traffic near the commitment", [
            (f"max by (cluster) (proxima_cluster_surcharge_per_gigabyte{{{here}}})",
             "{{cluster}}")], "short"),
        row("Health"),
        graph("Nodes that serve", [(f"max by (cluster) (proxima_cluster_serving_nodes{{{here}}})",
                                    "{{cluster}}")], "short", least=0),
        graph("Silence of nodes", [
            (f"min by (cluster, node) (proxima_node_heartbeat_age_seconds{{{here}}})",
             "{{cluster}}/{{node}}")], "s", 3, 15, least=0),
        graph("Nodes' load over their share", [
            (f"max by (cluster, node) (proxima_node_load_ratio{{{here}}})", "{{cluster}}/{{node}}")],
            "short"),
        graph("Complaints of nodes", [
            (f"max by (cluster, node, kind) (proxima_node_condition{{{here}}})",
             "{{cluster}}/{{node}} {{kind}}")], "short", least=0, most=1),
        graph("Heartbeats by what became of them", [
            (rate("proxima_heartbeats_total", "verdict"), "{{verdict}}")], "reqps", stack=True),
        graph("Monitors up", [("min by (monitor, target) (proxima_monitor_up)",
                               "{{monitor}} {{target}}")], "short", least=0, most=1),
        row("What is measured"),
        graph("Round-trip samples", [(rate("proxima_rtt_samples_total", "result"), "{{result}}")],
              "reqps", stack=True),
        graph("Hit ratio as plans go by it", [
            (f"max by (cluster) (proxima_cluster_hit_ratio{{{here}}})", "{{cluster}}")],
            "percentunit", least=0, most=1),
        graph("Broken ways to units", [
            (f"max by (cluster) (proxima_cluster_broken_units{{{here}}})", "{{cluster}}")]),
        graph("Cache filled", [
            (f"sum by (cluster, tier) (proxima_node_store_bytes{{{here}}}) / "
             f"sum by (cluster, tier) (proxima_node_store_budget_bytes{{{here}}})",
             "{{cluster}} {{tier}}")], "percentunit", least=0, most=1),
        row("The plan"),
        graph("Age of the plan", [("time() - proxima_last_plan_timestamp_seconds", "{{instance}}")],
              "s", 60, 300),
        graph("Time to plan", [("proxima_last_plan_duration_seconds", "{{instance}}")], "s"),
        graph("Demand that moved", [("proxima_plan_moved_ratio", "{{instance}}")], "percentunit"),
        graph("Targets raised to fit", [("proxima_plan_target_scale_ratio", "{{instance}}")], "short",
              1.0001, 1.2),
        row("Groups"),
        graph("Demand of groups", [(group("planned_demand_per_second"), "{{group}} planned"),
                                   (group("capacity_demand_per_second"), "{{group}} possible")],
              "reqps"),
        graph("Price of groups", [(group("price_seconds"), "{{group}}")], "s"),
    ], variable("cluster", "Cluster", "label_values(proxima_cluster_nodes, cluster)"))


def dns():
    here = 'instance=~"$instance"'

    def by(metric, label):
        return [(rate(metric, label, here), "{{" + label + "}}")]
    return dashboard("dns", [
        row("Queries"),
        graph("Queries", [(rate("proxima_queries_total", "transport, family", here),
                           "{{transport}} {{family}}")], "reqps", stack=True),
        graph("Responses", by("proxima_responses_total", "rcode"), "reqps", stack=True),
        graph("Time of a query", [(quantile(q, "proxima_query_duration_seconds", labels=here),
                                   f"p{100 * q:g}") for q in (0.5, 0.99, 0.999)], "s",
              why="Without waiting in sockets."),
        graph("Refusals", by("proxima_refusals_total", "reason"), "reqps", stack=True,
              why="docs/metrics.md says what each got."),
        graph("Client subnets", by("proxima_ecs_queries_total", "use"), "reqps", stack=True),
        graph("Routed share", [(rate("proxima_routed_responses_total", "instance", here) + " / " +
                                rate("proxima_responses_total", "instance", here),
                                "{{instance}}")], "percentunit", least=0, most=1),
        row("Sockets"),
        graph("Queries in a batch", [
            (rate("proxima_socket_queries_total", "instance", here + ',transport="udp"') + " / " +
             rate("proxima_udp_batches_total", "instance", here), "{{instance}}")], "short",
            why="Of 32 at most: how busy the workers are."),
        graph("Datagrams dropped", by("proxima_udp_dropped_total", "reason"), "reqps"),
        graph("Connections open", [
            (f"sum by (instance) (proxima_tcp_open_connections{{{here}}})", "{{instance}} all"),
            (f"sum by (instance) (proxima_tls_open_connections{{{here}}})", "{{instance}} TLS")]),
        graph("Connections closed", by("proxima_tcp_closed_connections_total", "reason"), "cps"),
        graph("Rate limiting", [(rate("proxima_rate_limited_total", "class, action", here),
                                 "{{class}} {{action}}")], "reqps"),
        graph("Cookies", by("proxima_cookies_total", "state"), "reqps"),
        graph("Octets", [(rate("proxima_socket_query_bytes_total", "instance", here) + " * 8",
                          "{{instance}} in"),
                         (rate("proxima_socket_answer_bytes_total", "instance", here) + " * 8",
                          "{{instance}} out")], "bps"),
        graph("Truncated and without answer", [
            (rate("proxima_truncated_responses_total", "", here), "truncated"),
            (rate("proxima_dropped_queries_total", "", here), "no answer")], "reqps"),
        row("Zones"),
        stat("Zones", "max(proxima_zones)", width=4),
        stat("Zones with older copies", "max(proxima_zones_kept)", warn=1, bad=10, width=5),
        stat("Secondaries without data", "max(proxima_zones_without_data)", warn=1, bad=2, width=5),
        stat("First signature expires in",
             "min(proxima_signature_expiry_timestamp_seconds) - time()", "s", 3 * 86400, 86400,
             width=5),
        stat("Certificate ends in", "min(proxima_tls_certificate_not_after_seconds) - time()", "s",
             14 * 86400, 3 * 86400, width=5),
        graph("Transfers in", [(rate("proxima_incoming_transfers_total", "kind, result", here),
                                "{{kind}} {{result}}")], "reqps"),
        graph("Transfers out and NOTIFY", [
            (rate("proxima_outgoing_transfers_total", "outcome", here), "transfer {{outcome}}"),
            (rate("proxima_sent_notifies_total", "outcome", here), "notify {{outcome}}")], "reqps"),
        graph("Signatures made", [(rate("proxima_signatures_made_total", "instance"),
                                   "{{instance}}")], "reqps"),
        graph("Denials", by("proxima_denials_total", "proof"), "reqps", stack=True),
        row("Process"),
        graph("CPU", [(f'rate(process_cpu_seconds_total{{job="proxima-gslb",{here}}}'
                       "[$__rate_interval])", "{{instance}}")], "percentunit"),
        graph("Memory", [(f'process_resident_memory_bytes{{job="proxima-gslb",{here}}}',
                          "{{instance}} process"),
                         (f"sum by (instance, part) (proxima_snapshot_bytes{{{here}}})",
                          "{{instance}} {{part}}")], "bytes"),
        graph("File descriptors", [
            (f'process_open_fds{{job="proxima-gslb",{here}}} / process_max_fds', "{{instance}}")],
            "percentunit", 0.8, 0.95),
        graph("Snapshot generation", [(f"proxima_snapshot_generation{{{here}}}", "{{instance}}")]),
    ], variable("instance", "GSLB node", "label_values(proxima_ready, instance)"))


def edge():
    here = 'instance=~"$instance"'

    def per_second(metric, label, labels=here):
        legend = " ".join("{{" + each + "}}" for each in label.split(", "))
        return (rate(f"proxima_edge_{metric}", label, labels), legend)

    def value(metric, label="instance"):
        return (f"sum by ({label}) (proxima_edge_{metric}{{{here}}})",
                " ".join("{{" + each + "}}" for each in label.split(", ")))

    def ratio(part, whole):
        return [(f"sum by (instance) (proxima_edge_{part}{{{here}}}) / "
                 f"sum by (instance) (proxima_edge_{whole}{{{here}}})", "{{instance}}")]
    return dashboard("edge", [
        row("Clients"),
        graph("Requests by what the cache did", [per_second("requests_total", "cache")], "reqps",
              stack=True),
        graph("Requests by status", [per_second("requests_total", "status")], "reqps", stack=True),
        graph("Time to first byte", [
            (quantile(q, "proxima_edge_time_to_first_byte_seconds", labels=here), f"p{100 * q:g}")
            for q in (0.5, 0.9, 0.99)], "s"),
        graph("Egress", [(per_second("sent_bytes_total", "instance")[0] + " * 8", "{{instance}}")],
              "bps", stack=True),
        graph("Hits by group of hosts", [
            (rate("proxima_edge_host_requests_total", "hosts", here + ',cache="hit"') + " / " +
             rate("proxima_edge_host_requests_total", "hosts", here), "{{hosts}}")], "percentunit",
            least=0, most=1),
        graph("Connections open", [value("connections")]),
        row("Origins and other edges"),
        graph("Requests to origins", [
            (per_second("origin_fetches_total", "instance")[0], "{{instance}}"),
            (per_second("origin_failures_total", "instance")[0], "{{instance}} failed")], "reqps"),
        graph("Octets spared", [
            ("1 - " + per_second("origin_received_bytes_total", "instance")[0] + " / " +
             per_second("sent_bytes_total", "instance")[0], "{{instance}}")], "percentunit",
            why="Of what clients got, what origins did not have to send."),
        graph("Waiting for origins", [
            (rate("proxima_edge_host_origin_wait_seconds_total", "hosts", here), "{{hosts}}")], "s",
            why="Seconds waited in each second: requests that wait at a time."),
        graph("Servers of origins", [
            (f"min by (origin, server) (proxima_edge_origin_server_up{{{here}}})",
             "{{origin}} {{server}}")], least=0, most=1, why="0: some edge leaves it alone."),
        graph("Retries and queues", [
            (per_second("origin_retries_total", "origin")[0], "{{origin}} sent again"),
            (per_second("origin_queue_refused_total", "origin")[0], "{{origin}} waited in vain"),
            (value("origin_queued", "origin")[0], "{{origin}} waiting")]),
        graph("Other edges", [per_second("peer_requests_total", "edge, result"),
                              (value("peer_up", "edge")[0], "{{edge}} is asked")], "reqps"),
        row("Stores"),
        graph("Memory filled", ratio("store_bytes", "store_budget_bytes"), "percentunit", least=0,
              most=1),
        graph("Disk filled", ratio("disk_bytes", "disk_budget_bytes"), "percentunit", least=0,
              most=1),
        graph("Evictions", [
            (per_second("store_evictions_total", "instance")[0], "{{instance}} memory"),
            (per_second("disk_evicted_segments_total", "instance")[0], "{{instance}} disk segments")],
            "ops"),
        graph("Disk", [
            (per_second("disk_hits_total", "instance")[0], "{{instance}} hits"),
            (per_second("disk_misses_total", "instance")[0], "{{instance}} misses"),
            (per_second("disk_dropped_writes_total", "instance")[0], "{{instance}} not written")],
            "ops"),
        graph("Written to disk", [per_second("disk_written_bytes_total", "instance")], "Bps"),
        graph("Purges and prefetches", [
            (per_second("purges_total", "kind")[0], "purge {{kind}}"),
            (per_second("prefetches_total", "result")[0], "prefetch {{result}}")], "ops"),
        row("Trouble"),
        graph("Refused for load", [per_second("refused_total", "resource")], "reqps"),
        graph("Complaints in heartbeats", [value("condition", "instance, kind")], least=0, most=1),
        graph("Rules", [per_second("rule_matches_total", "rule, mode")], "reqps"),
        graph("TLS handshakes", [
            (per_second("tls_handshakes_total", "version, session")[0], "{{version}} {{session}}"),
            (per_second("tls_failed_handshakes_total", "reason")[0], "failed: {{reason}}")], "cps"),
        graph("Certificates end in", [
            (f"min by (instance, file) (proxima_edge_tls_certificate_not_after_seconds{{{here}}})"
             " - time()", "{{instance}} {{file}}")], "s", 14 * 86400, 3 * 86400),
        graph("Heartbeats", [per_second("heartbeats_total", "gslb, result")], "reqps"),
        graph("Access log lines", [
            (per_second("access_log_lines_total", "instance")[0], "{{instance}}"),
            (per_second("access_log_dropped_lines_total", "instance")[0], "{{instance}} lost")],
            "ops"),
        graph("Bad requests and full", [
            (per_second("bad_requests_total", "instance")[0], "{{instance}} bad"),
            (per_second("refused_connections_total", "instance")[0], "{{instance}} refused")],
            "reqps"),
    ], variable("instance", "Edge node", "label_values(proxima_edge_state, instance)"))


def files():
    """Name → contents of every dashboard's file."""
    return {f"{name}.json": json.dumps(make(), indent=1) + "\n"
            for name, make in (("overview", overview), ("cluster", cluster), ("dns", dns),
                               ("edge", edge))}


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text)

"""When each alert of packaging/prometheus must fire, and when it must not.

For each: series that make it fire and series that don't, in promtool's notation (a value a minute),
and the minute that is looked at.
"""
GSLB = 'job="proxima-gslb",instance="ns1:8053"'
OTHER = 'job="proxima-gslb",instance="ns2:8053"'
EDGE = 'job="proxima-edge",instance="fra-a:9180"'
FRA = f'{GSLB},cluster="fra"'


def still(value, minutes=400):
    return f"{value}x{minutes}"


def grows(by, minutes=400):
    return f"0+{by}x{minutes}"


def gslb(name, labels=""):
    return f"{name}{{{GSLB}{',' if labels else ''}{labels}}}"


def edge(name, labels=""):
    return f"proxima_edge_{name}{{{EDGE}{',' if labels else ''}{labels}}}"


def gauge(series, bad, good, minute=20):
    return [(series, still(bad))], [(series, still(good))], minute


def counter(series, minute=20, by=60):
    return [(series, grows(by))], [(series, still(7))], minute


def share(bad, whole, minute=20, much=10, little=0.1):
    """`bad` of `whole`, both counters: too much of it, and what is usual."""
    return ([(bad, grows(much)), (whole, grows(100))], [(bad, grows(little)), (whole, grows(100))],
            minute)


def slow(name, labels, fast, late):
    """A histogram whose p99 is beyond `fast` or within it."""
    def buckets(below):
        return [(f'{name}_bucket{{{labels},le="{bound}"}}', grows(count))
                for bound, count in ((fast, below), (late, 100), ("+Inf", 100))]
    return buckets(90), buckets(100), 30


SERVING = "proxima_cluster_serving"
IN_FRA = f'{SERVING}{{{FRA}}}'
FRA_DRAINED = f'proxima_cluster_admin_state{{{FRA},state="drain"}}'
NODE = f'proxima_node_serving{{{FRA},node="a"}}'
DAY = 86400

# Each alert, without "Proxima".
CASES = {
    "GslbGone": gauge(f"up{{{GSLB}}}", 0, 1),
    "NotReady": gauge(gslb("proxima_ready"), 0, 1),
    "Restarting": ([(gslb("proxima_start_time_seconds"), grows(30))],
                   [(gslb("proxima_start_time_seconds"), still(30))], 40),
    "ClusterDown": ([(IN_FRA, still(0)), (FRA_DRAINED, still(0))],
                    [(IN_FRA, still(0)), (FRA_DRAINED, still(1))], 10),
    "NoClusterServes": ([(IN_FRA, still(0))],
                        [(IN_FRA, still(0)), (gslb(SERVING, 'cluster="nyc"'), still(1))], 10),
    "ClusterDisputed": ([(IN_FRA, still(0)), (f'{SERVING}{{{OTHER},cluster="fra"}}', still(1))],
                        [(IN_FRA, still(0)), (f'{SERVING}{{{OTHER},cluster="fra"}}', still(0))],
                        10),
    "NodeOut": ([(NODE, still(0)), (FRA_DRAINED, still(0))],
                [(NODE, still(0)), (FRA_DRAINED, still(1))], 10),
    "HeartbeatsStale": gauge(f'proxima_node_heartbeat_age_seconds{{{FRA},node="a"}}', 20, 1),
    "HeartbeatsRefused": ([(gslb("proxima_heartbeats_total", 'verdict="skew"'), grows(60))],
                          [(gslb("proxima_heartbeats_total", 'verdict="accepted"'), grows(60))],
                          20),
    "PlanOld": ([(gslb("proxima_last_plan_timestamp_seconds"), still(0))],
                [(gslb("proxima_last_plan_timestamp_seconds"), grows(60))], 20),
    "PlanRefused": gauge(gslb("proxima_plan_refused"), 1, 0),
    "OverTarget": gauge(gslb("proxima_plan_target_scale_ratio"), 1.2, 1),
    "ClusterOverTarget": gauge(f"proxima_cluster_utilisation_ratio{{{FRA}}}", 1.3, 1.05),
    "ClusterOverMax": (
        [(f'proxima_cluster_load{{{FRA},resource="connections"}}', still(1100)),
         (f'proxima_cluster_load_max{{{FRA},resource="connections"}}', still(1000))],
        [(f'proxima_cluster_load{{{FRA},resource="connections"}}', still(900)),
         (f'proxima_cluster_load_max{{{FRA},resource="connections"}}', still(1000))], 10),
    "NoRoomForLoss": gauge(f"proxima_cluster_loss_target_scale_ratio{{{FRA}}}", 1.4, 1, 60),
    "SuspectsItself": gauge(gslb("proxima_health_suspicion"), 1, 0),
    "ServiceSuspicion": gauge(gslb("proxima_service_suspicion", 'service="web"'), 1, 0),
    "MonitorCannotAsk": counter(gslb("proxima_monitor_results_total",
                                     'monitor="ping",target="192.0.2.1",outcome="unasked"')),
    "RoundTripsDistrusted": gauge(f"proxima_rtt_cluster_distrusted{{{FRA}}}", 1, 0),
    "FallbackAnswers": counter(gslb("proxima_decisions_total",
                                    'service="web",cluster="none",reason="fallback"')),
    "Servfail": (
        [(gslb("proxima_queries_total"), grows(6000)),
         (gslb("proxima_responses_total", 'rcode="NOERROR"'), grows(5000)),
         (gslb("proxima_responses_total", 'rcode="SERVFAIL"'), grows(1000))],
        [(gslb("proxima_queries_total"), grows(6000)),
         (gslb("proxima_responses_total", 'rcode="NOERROR"'), grows(5990)),
         (gslb("proxima_responses_total", 'rcode="SERVFAIL"'), grows(10))], 20),
    "QueriesDropped": share(gslb("proxima_udp_dropped_total", 'reason="send_full"'),
                            gslb("proxima_queries_total")),
    "AnswersSlow": slow("proxima_query_duration_seconds", GSLB, 0.0005, 0.01),
    "ReloadFailed": gauge(gslb("proxima_last_reload_successful"), 0, 1),
    "ZonesKept": gauge(gslb("proxima_zones_kept"), 1, 0),
    "ZonesWithoutData": gauge(gslb("proxima_zones_without_data"), 1, 0),
    "SecondariesFailing": gauge(gslb("proxima_secondary_zones_failing"), 2, 0, 90),
    "SignaturesExpire": gauge(gslb("proxima_signature_expiry_timestamp_seconds"), DAY, 9 * DAY),
    "SigningProblem": gauge(gslb("proxima_zones_signing_problem"), 1, 0),
    "DsAwaited": ([(gslb("proxima_zones_waiting_for_ds"), still(1, 5000))],
                  [(gslb("proxima_zones_waiting_for_ds"), "1x3980 0x999")], 4400),
    "CertificateExpires": gauge(gslb("proxima_tls_certificate_not_after_seconds"), 5 * DAY,
                                60 * DAY, 90),
    "AcceptFailures": counter(gslb("proxima_tcp_accept_failures_total")),
    "FileDescriptors": (
        [(gslb("process_open_fds"), still(900)), (gslb("process_max_fds"), still(1000))],
        [(gslb("process_open_fds"), still(90)), (gslb("process_max_fds"), still(1000))], 20),
    "EdgeGone": gauge(f"up{{{EDGE}}}", 0, 1),
    "EdgeRestarting": ([(edge("start_time_seconds"), grows(30))],
                       [(edge("start_time_seconds"), still(30))], 40),
    "EdgeDraining": gauge(edge("state", 'state="up"'), 0, 1, 90),
    "EdgeDiskReadOnly": gauge(edge("disk_writable"), 0, 1),
    "EdgeDiskFailing": (
        [(edge("disk_read_failures_total"), grows(3)), (edge("disk_write_failures_total"), still(0))],
        [(edge("disk_read_failures_total"), still(3)), (edge("disk_write_failures_total"), still(1))],
        20),
    "EdgeShedding": counter(edge("refused_total", 'resource="requests_per_s"')),
    "EdgeErrors": (
        [(edge("requests_total", 'status="5xx",cache="miss"'), grows(10)),
         (edge("requests_total", 'status="2xx",cache="hit"'), grows(100))],
        [(edge("requests_total", 'status="5xx",cache="miss"'), grows(0.1)),
         (edge("requests_total", 'status="2xx",cache="hit"'), grows(100))], 20),
    "EdgeOriginFailing": share(edge("origin_failures_total"), edge("origin_fetches_total")),
    "EdgeOriginServerOut": gauge(edge("origin_server_up", 'origin="o",server="192.0.2.1:80"'), 0,
                                 1),
    "EdgeOriginQueueFull": counter(edge("origin_queue_refused_total", 'origin="o"')),
    "EdgeHitRatioFell": (
        [(edge("requests_total", 'status="2xx",cache="hit"'), "0+90x1441 129690x200"),
         (edge("requests_total", 'status="2xx",cache="miss"'), "0+10x1700")],
        [(edge("requests_total", 'status="2xx",cache="hit"'), "0+90x1700"),
         (edge("requests_total", 'status="2xx",cache="miss"'), "0+10x1700")], 1500),
    "EdgeLogDrops": counter(edge("access_log_dropped_lines_total")),
    "EdgeReloadFailed": gauge(edge("last_reload_successful"), 0, 1),
    "EdgeCertificateExpires": gauge(edge("tls_certificate_not_after_seconds", 'file="www.pem"'),
                                    5 * DAY, 60 * DAY, 90),
    "EdgeHandshakesFail": share(edge("tls_failed_handshakes_total", 'reason="error"'),
                                edge("tls_handshakes_total", 'version="1.3",session="new"'),
                                much=100),
    "EdgeHeartbeatsFail": ([(edge("heartbeats_total", 'gslb="ns1",result="failed"'), grows(60))],
                           [(edge("heartbeats_total", 'gslb="ns1",result="failed"'), grows(1))],
                           20),
    "EdgePeerDown": gauge(edge("peer_up", 'edge="fra-b",kind="sibling"'), 0, 1),
    "EdgeDescriptors": counter(edge("descriptor_failures_total")),
    "EdgeConnectionsRefused": counter(edge("refused_connections_total")),
    "EdgePurgesAtRisk": gauge(edge("purge_journal_writable"), 0, 1),
}


def promtool_tests(rules):
    """What `promtool test rules` reads, as JSON is YAML too: cases of hours, then those of days,
    whose rules are looked at less often."""
    groups = {False: [], True: []}
    for alert, (firing, silent, minute) in CASES.items():
        for series, wanted in ((firing, 1), (silent, 0)):
            groups[minute > 1000].append({
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series],
                "promql_expr_test": [{
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing",alertname="Proxima'
                            f'{alert}"}})',
                    "eval_time": f"{minute}m",
                    "exp_samples": [{"labels": f'{{alertname="Proxima{alert}"}}', "value": 1}]
                    if wanted else []}]})
    return [{"rule_files": [rules], "evaluation_interval": "4m" if long else "1m", "tests": tests}
            for long, tests in groups.items()]

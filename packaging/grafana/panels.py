"""Panels of Grafana dashboards, and how they are laid out."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, ORANGE, RED = "green", "orange", "red"
TITLES = {"overview": "Proxima: is it fine?", "cluster": "Proxima: clusters", "dns": "Proxima: DNS",
          "edge": "Proxima: edge"}


def steps(warn, bad):
    """Thresholds: beyond `warn` orange, beyond `bad` red; falling values if bad < warn."""
    if warn is None:
        return [{"color": GREEN, "value": None}]
    if bad < warn:
        return [{"color": RED, "value": None}, {"color": ORANGE, "value": bad},
                {"color": GREEN, "value": warn}]
    return [{"color": GREEN, "value": None}, {"color": ORANGE, "value": warn},
            {"color": RED, "value": bad}]


def targets(queries):
    if isinstance(queries, str):
        queries = [(queries, "")]
    return [{"datasource": SOURCE, "expr": expression, "legendFormat": legend or "__auto",
             "refId": chr(ord("A") + i)} for i, (expression, legend) in enumerate(queries)]


def stat(title, query, unit="short", warn=None, bad=None, why="", width=4, link=None):
    """One figure, coloured by its thresholds."""
    panel = {
        "type": "stat", "title": title, "description": why, "datasource": SOURCE,
        "targets": [{**each, "instant": True} for each in targets(query)],
        "fieldConfig": {"defaults": {"unit": unit, "decimals": None, "thresholds": {
            "mode": "absolute", "steps": steps(warn, bad)}}, "overrides": []},
        "options": {"colorMode": "value" if warn is None else "background", "graphMode": "area",
                    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}},
        "gridPos": {"w": width, "h": 4}}
    if link:
        panel["links"] = [{"title": TITLES[link], "url": f"/d/proxima-{link}?${{__url_time_range}}"}]
    return panel


def graph(title, queries, unit="short", warn=None, bad=None, why="", width=12, stack=False,
          least=None, most=None):
    """Lines over time; thresholds as dashed lines."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 30 if stack else 8,
              "showPoints": "never", "stacking": {"mode": "normal" if stack else "none"},
              "thresholdsStyle": {"mode": "off" if warn is None else "dashed"}}
    defaults = {"unit": unit, "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps(warn, bad)}}
    if least is not None:
        defaults["min"] = least
    if most is not None:
        defaults["max"] = most
    return {"type": "timeseries", "title": title, "description": why, "datasource": SOURCE,
            "targets": targets(queries), "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {"legend": {"displayMode": "table", "placement": "bottom",
                                   "calcs": ["lastNotNull", "max"]},
                        "tooltip": {"mode": "multi", "sort": "desc"}},
            "gridPos": {"w": width, "h": 8}}


def table(title, columns, by, why="", width=24):
    """One row for each value of `by`; columns: (query, heading, unit)."""
    overrides = [{"matcher": {"id": "byName", "options": f"Value #{chr(ord('A') + i)}"},
                  "properties": [{"id": "displayName", "value": heading},
                                 {"id": "unit", "value": unit}]}
                 for i, (_, heading, unit) in enumerate(columns)]
    return {"type": "table", "title": title, "description": why, "datasource": SOURCE,
            "targets": [{**each, "instant": True, "format": "table"}
                        for each in targets([(query, "") for query, _, _ in columns])],
            "transformations": [{"id": "joinByField", "options": {"byField": by, "mode": "outer"}},
                                {"id": "filterFieldsByName", "options": {
                                    "include": {"pattern": f"^({by}|Value #.*)$"}}}],
            "fieldConfig": {"defaults": {"custom": {"align": "left"}}, "overrides": overrides},
            "options": {"showHeader": True}, "gridPos": {"w": width, "h": 9}}


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"w": 24, "h": 1}}


def place(panels):
    """Fills lines of 24 columns in order."""
    x = y = tallest = 0
    for number, panel in enumerate(panels, 1):
        spot = panel["gridPos"]
        if x + spot["w"] > 24:
            x, y, tallest = 0, y + tallest, 0
        spot.update(x=x, y=y)
        panel["id"] = number
        x, tallest = x + spot["w"], max(tallest, spot["h"])
    return panels


def variable(name, label, query):
    return {"type": "query", "name": name, "label": label, "datasource": SOURCE, "query": query,
            "definition": query, "refresh": 2, "includeAll": True, "multi": True, "allValue": ".*",
            "sort": 1, "current": {"text": "All", "value": "$__all"}}


def dashboard(uid, panels, *variables):
    source = {"type": "datasource", "name": "datasource", "label": "Prometheus",
              "query": "prometheus", "current": {}}
    links = [{"type": "link", "title": title, "url": f"/d/proxima-{other}", "keepTime": True}
             for other, title in TITLES.items() if other != uid]
    return {"uid": f"proxima-{uid}", "title": TITLES[uid], "tags": ["proxima"], "version": 1,
            "schemaVersion": 38, "editable": True, "refresh": "30s", "timezone": "browser",
            "time": {"from": "now-6h", "to": "now"}, "links": links,
            "templating": {"list": [source, *variables]},
            "annotations": {"list": [{
                "name": "starts and reloads", "enable": True, "iconColor": "blue",
                "datasource": SOURCE, "titleFormat": "start or reload of {{instance}}",
                "expr": "changes(proxima_start_time_seconds[1m]) > 0 or "
                        "changes(proxima_last_reload_timestamp_seconds[1m]) > 0"}]},
            "panels": place(panels)}


def rate(metric, by="", labels=""):
    """The sum of a counter's rate, by labels."""
    inner = f"rate({metric}{{{labels}}}[$__rate_interval])" if labels else \
        f"rate({metric}[$__rate_interval])"
    return f"sum by ({by}) ({inner})" if by else f"sum({inner})"


def quantile(q, metric, by="", labels=""):
    parts = ", ".join(part for part in ("le", by) if part)
    return (f"histogram_quantile({q}, sum by ({parts}) "
            f"(rate({metric}_bucket{{{labels}}}[$__rate_interval])))")

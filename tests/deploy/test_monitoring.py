"""Prometheus' rules and Grafana's dashboard ask only for what the programs count; promtool, where there is one, reads them."""

import glob
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

@pytest.fixture(scope="module")
def counted(root):
    """Names in the source, those of a histogram with its suffixes; their labels."""
    names, labels = {"up"}, {"job", "worker", "instance", "le"}
    for path in glob.glob(f"{root}/common/service/*.c") + glob.glob(f"{root}/workers/*/*.c"):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for kind, name in re.findall(r'metric_(counter|gauge|histogram)\(\s*"(resole_[a-z_]+)"', text):
            names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
        if "metric_" in text:
            labels |= set(re.findall(r'([a-z]+)=\\"%[ds]\\"', text))
    assert len(names) > 5
    return names, labels


def rules(root):
    with open(f"{root}/deploy/prometheus/alerts.yml", encoding="utf-8") as file:
        return [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]


def dashboard(root):
    with open(f"{root}/deploy/grafana/resole.json", encoding="utf-8") as file:
        return json.load(file)


def expressions(root):
    shown = [target["expr"] for panel in dashboard(root)["panels"] for target in panel.get("targets", [])]
    return [rule["expr"] for rule in rules(root)], shown


def test_only_what_is_counted_is_asked_for(root, counted):
    names, labels = counted
    for expression in sum(expressions(root), []):
        asked = set(re.findall(r"\b(?:resole_[a-z_]+|up(?={))", expression))
        assert asked and asked <= names, expression
        inside = re.findall(r"{(.*?)}", expression)
        used = {label for part in inside for label in re.findall(r"([a-z_]+)(?:=~|!=|!~|=)", part)}
        used |= {label.strip() for part in re.findall(r"(?:by|without) \((.*?)\)", expression) for label in part.split(",")}
        assert used <= labels, expression


def test_every_rule_says_what_to_do(root):
    for rule in rules(root):
        assert rule["alert"].startswith("Resole") and rule["labels"]["severity"] in ("critical", "warning", "info")
        assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]


def test_every_worker_is_scraped_where_deploy_up_puts_it(root):
    with open(f"{root}/deploy/prometheus/prometheus.yml", encoding="utf-8") as file:
        config = yaml.safe_load(file)
    there = {part["labels"]["worker"]: part["targets"] for part in config["scrape_configs"][0]["static_configs"]}
    script = f'. {root}/deploy/lib/all.sh; for name in "${{WORKERS[@]}}"; do echo "$name $(admin_port "$name")"; done'
    plain = {k: v for k, v in os.environ.items() if not k.startswith("RESOLE_")}
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=plain).stdout
    assert there == {line.split()[0]: [f"127.0.0.1:{line.split()[1]}"] for line in said.splitlines()}


def test_the_dashboard_holds_together(root):
    board = dashboard(root)
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    cells = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not own & cells, f"{panel['title']} lies on another"
        cells |= own
        if panel["type"] != "row":
            assert panel["description"] and panel["datasource"]["uid"] == "${datasource}"
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    variables = {variable["name"] for variable in board["templating"]["list"]}
    text = json.dumps(board)
    assert set(re.findall(r"\$([a-z]+)\b", text)) | set(re.findall(r"\${([a-z]+)}", text)) == variables


def test_promtool_reads_configuration_rules_and_dashboard(root, tmp_path):
    promtool = shutil.which("promtool") or os.environ.get("RESOLE_PROMTOOL")
    if not promtool:
        pytest.skip("no promtool (Debian: prometheus) here")

    def run(*arguments, folder=root):
        done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr

    run("check", "config", "deploy/prometheus/prometheus.yml")
    run("test", "rules", "alerts.test.yml", folder=f"{root}/tests/deploy")
    shown = expressions(root)[1]
    shown = [e.replace("$__rate_interval", "5m").replace("$worker", ".*") for e in shown]
    (tmp_path / "shown.yml").write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": [
        {"record": f"shown:{i}", "expr": e} for i, e in enumerate(shown)]}]}))
    run("check", "rules", str(tmp_path / "shown.yml"))

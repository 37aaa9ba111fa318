"""The notifier: who is told, once, and how it arrives."""

import base64
import hashlib
import hmac
import http.server
import json
import threading

import pytest

from facts import Rows
from parts import wait_for

pytestmark = pytest.mark.program("resole-gateway", "resole-notifier")


class Hook:
    """A webhook receiver that keeps what it got and answers as told."""

    def __init__(self):
        self.got, self.answers = [], []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = hook.answers.pop(0) if hook.answers else (204, {})
                hook.got.append((status, dict(self.headers), body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture(scope="module")
def hook():
    hook = Hook()
    yield hook
    hook.server.shutdown()


@pytest.fixture(scope="module")
def told(new_system, hook):
    """Team a with a webhook and an application, team b with an application, both on one base."""
    system = new_system(registry=False, settings={"notifier": {"RESOLE_WEBHOOK_PRIVATE_HOSTS": "127.0.0.1"}})
    system.query("insert into registry (name, address, event_secret) values ('local', 'r.example', 's')")
    system.start("gateway", "notifier")
    rows = Rows(system, "n")
    system.rows = rows
    system.base, system.new = rows.image("base", ["l1"]), rows.image("base2", ["l1", "l2"])
    for team in ("a", "b"):
        system.admin.post("/v1/teams", {"team": team})
        system.admin.post("/v1/applications", {"application": f"app-{team}", "team": team})
        image = rows.image(f"app-{team}", ["l1", f"own-{team}"])
        setattr(system, f"image_{team}", image)
        system.admin.post("/v1/usage", {"application": f"app-{team}", "digest": image})
    system.secret = system.admin.post("/v1/subscriptions", {"team": "a", "channel": "webhook", "address": hook.url})["secret"]
    return system


def alerts(system, topic):
    """(application, ce_id, value) of each record on an alert topic."""
    return [(json.loads(r[4])["application"], r[2]["ce_id"], json.loads(r[4])) for r in system.read(f"alert.{topic}.v1")]


def test_a_patch_is_told_to_who_stands_on_the_base_and_asks(told, hook):
    patch = told.rows.patch(told.base, told.new)
    for _ in range(2):
        told.rows.say("patch.built", told.base, {"patch": patch, "old_digest": told.base, "new_digest": told.new,
                                                                 "reference": "r.example/base:1-resole.1"})
    wait_for(lambda: told.value("select count(*) from fact where kind = 'patch'") == 2, "both applications know")
    got = wait_for(lambda: [g for g in hook.got if b'"patch"' in g[2]], "the webhook got it")[0]
    wait_for(lambda: len(alerts(told, "patch")) >= 2, "alerts on Kafka")
    records = alerts(told, "patch")
    assert {r[0] for r in records} == {"app-a", "app-b"}
    assert len({r[1] for r in records}) == 2
    value = next(r[2] for r in records if r[0] == "app-a")
    details = value["details"]
    assert (value["team"], value["kind"], value["severity"], value["patch"]) == ("a", "available", "critical", patch)
    assert (details["old_digest"], details["new_digest"]) == (told.base, told.new)
    assert details["packages"] == [{"name": "openssl", "old": "1", "new": "2"}]
    assert details["fixed"][0]["vulnerability"] == "CVE-2026-1000" and details["remaining"] == []
    assert details["class"] == "automatic" and details["bytes"] == 12345 and details["expires_at"]
    assert details["approve"]["command"] == f"resole patches approve {patch} --application app-a"
    assert told.query("select application, old_digest, state from consent order by 1") == [
        {"application": "app-a", "old_digest": told.image_a, "state": "asked"},
        {"application": "app-b", "old_digest": told.image_b, "state": "asked"}]
    headers = {k.lower(): v for k, v in got[1].items()}
    key = base64.b64decode(told.secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + got[2]
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert json.loads(got[2])["application"] == "app-a"


def test_a_finding_is_told_once_and_closed_when_it_is_gone(told, hook):
    judged = told.rows.package("curl", "7", told.image_a)
    finding = told.rows.finding(judged, "CVE-2026-2000", "critical")
    message = {"cause": "advisory", "source": "test", "findings": [finding]}
    for _ in range(3):
        told.rows.say("finding.changed", "k", message)
    wait_for(lambda: [a for a in alerts(told, "vulnerability") if a[2]["vulnerability"] == "CVE-2026-2000"], "told on Kafka")
    wait_for(lambda: [g for g in hook.got if b"CVE-2026-2000" in g[2]], "told by webhook")
    wait_for(told.settled, "everything heard")
    assert told.value("select count(*) from fact where family = 'CVE-2026-2000'") == 1
    ids = {a[1] for a in alerts(told, "vulnerability") if a[2]["vulnerability"] == "CVE-2026-2000"}
    assert len(ids) == 1
    assert len({g[1]["webhook-id"] for g in hook.got if b"CVE-2026-2000" in g[2]}) == 1
    told.query("update finding set retracted_at = now() where finding_id = %s", (finding,))
    told.rows.say("finding.changed", "k", message)
    wait_for(lambda: told.value("select closed_at is not null from fact where family = 'CVE-2026-2000'"), "closed")


def test_a_first_load_is_one_summary_a_team(told):
    judged = told.rows.package("tar", "1", told.image_a, told.image_b)
    findings = [told.rows.finding(judged, f"CVE-2026-30{i:02}", "high") for i in range(12)]
    for part in (findings[:6], findings[6:]):
        told.rows.say("finding.changed", "k", {"cause": "advisory", "source": "first", "findings": part, "first_load": True})
    wait_for(lambda: told.value("select count(*) from fact where family like 'CVE-2026-30%%'") == 24, "facts are open")
    summaries = wait_for(lambda: [a for a in alerts(told, "vulnerability") if a[2]["kind"] == "summary"], "summaries")
    wait_for(told.settled, "everything heard")
    summaries = {a[1]: a[2]["team"] for a in alerts(told, "vulnerability") if a[2]["kind"] == "summary"}
    assert sorted(summaries.values()) == ["a", "b"]
    assert not [a for a in alerts(told, "vulnerability") if a[2]["vulnerability"].startswith("CVE-2026-30")]


def test_a_webhook_that_fails_is_tried_again_with_the_same_id_and_bytes(told, hook):
    # what earlier tests left must not take the answers meant for this one
    wait_for(lambda: told.value("select count(*) from alert where channel = 'webhook' and state in ('due', 'failed')") == 0,
             "nothing waits")
    hook.answers[:] = [(503, {"Retry-After": "1"}), (500, {})]
    judged = told.rows.package("sed", "1", told.image_a)
    finding = told.rows.finding(judged, "CVE-2026-4000", "high")
    told.rows.say("finding.changed", "k", {"cause": "advisory", "source": "test", "findings": [finding]})
    tries = wait_for(lambda: (lambda g: g if any(t[0] == 204 for t in g) else None)(
        [g for g in hook.got if b"CVE-2026-4000" in g[2]]), "delivered in the end")
    assert [t[0] for t in tries][:2] == [503, 500]
    assert len({t[1]["webhook-id"] for t in tries}) == 1 and len({t[2] for t in tries}) == 1
    wait_for(lambda: told.value("select state from alert where alert_id = %s", (tries[0][1]["webhook-id"],)) == "sent", "recorded")


def test_a_webhook_that_says_never_is_parked_with_the_reason(told, hook):
    hook.answers[:] = [(410, {})]
    judged = told.rows.package("awk", "1", told.image_a)
    finding = told.rows.finding(judged, "CVE-2026-5000", "high")
    told.rows.say("finding.changed", "k", {"cause": "advisory", "source": "test", "findings": [finding]})
    wait_for(lambda: told.value("select count(*) from alert where state = 'parked' and reason like '%%410%%'") == 1, "parked")
    assert [a["state"] for a in told.admin.get("/v1/alerts?state=parked")["items"]] == ["parked"]


def test_a_private_address_that_nobody_allowed_is_not_called(told):
    told.admin.post("/v1/subscriptions", {"team": "b", "channel": "webhook", "address": "http://127.0.0.2:1/x"})
    judged = told.rows.package("gawk", "1", told.image_b)
    finding = told.rows.finding(judged, "CVE-2026-6000", "high")
    told.rows.say("finding.changed", "k", {"cause": "advisory", "source": "test", "findings": [finding]})
    wait_for(lambda: told.value("select count(*) from alert where team = 'b' and state = 'parked'") == 1, "refused")

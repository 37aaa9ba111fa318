"""The notifier: who is told, once, and how it arrives."""

import base64
import email
import email.policy
import hashlib
import hmac
import json

import aiosmtpd.controller
import pytest

from facts import Rows
from parts import free_port, wait_for
from receivers import Hook

pytestmark = pytest.mark.program("resole-gateway", "resole-notifier")


@pytest.fixture(scope="module")
def hook():
    hook = Hook()
    yield hook
    hook.close()


@pytest.fixture(scope="module")
def mail():
    """A real SMTP server that keeps what it got; refused: answers for those to come."""
    class Keep:
        def __init__(self):
            self.got, self.refused = [], []

        async def handle_DATA(self, _server, _session, envelope):  # pylint: disable=invalid-name
            self.got.append((envelope.rcpt_tos, envelope.content))
            return self.refused.pop(0) if self.refused else "250 kept"

    keep = Keep()
    port = free_port()
    server = aiosmtpd.controller.Controller(keep, hostname="127.0.0.1", port=port)
    server.start()
    keep.url = f"smtp://127.0.0.1:{port}"
    yield keep
    server.stop()


@pytest.fixture(scope="module")
def told(new_system, hook, mail):
    """Team a with a webhook and an application, team b with an application, both on one base."""
    system = new_system(registry=False, settings={"notifier": {
        "RESOLE_WEBHOOK_PRIVATE_HOSTS": "127.0.0.1", "RESOLE_SMTP_URL": mail.url, "RESOLE_MAIL_FROM": "resole@example.org"}})
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
    headers = got[1]
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


def subscriber(told, team, channel, address):
    """A team of its own with one application on an image of its own; the judged package to find something in."""
    told.admin.post("/v1/teams", {"team": team})
    told.admin.post("/v1/applications", {"application": f"app-{team}", "team": team})
    told.admin.post("/v1/subscriptions", {"team": team, "channel": channel, "address": address})
    digest = told.rows.image(f"app-{team}", [f"own-{team}"])
    told.admin.post("/v1/usage", {"application": f"app-{team}", "digest": digest})
    return told.rows.package(f"package-{team}", "1", digest)


def find(told, judged, *vulnerabilities):
    findings = [told.rows.finding(judged, v, "critical") for v in vulnerabilities]
    told.rows.say("finding.changed", "k", {"cause": "advisory", "source": "test", "findings": findings})


def states(told, team):
    return [r["state"] for r in told.query("select state from alert where team = %s and channel <> 'kafka'", (team,))]


def test_mail_arrives_and_a_copy_is_the_same_mail(told, mail):
    judged = subscriber(told, "mail", "mail", "team@example.org")
    mail.refused[:] = ["451 try again later"]  # the text is there, the acknowledgement is not: a copy will come
    find(told, judged, "CVE-2026-7000")
    wait_for(lambda: states(told, "mail") == ["sent"], "delivered in the end")
    copies = [content for to, content in mail.got if to == ["team@example.org"]]
    assert len(copies) == 2 and len(set(copies)) == 1
    message = email.message_from_bytes(copies[0], policy=email.policy.default)
    alert = told.value("select alert_id::text from alert where team = 'mail' and channel = 'mail'")
    assert message["Message-ID"] == f"<{alert}@resole>" and message["To"] == "team@example.org"
    assert "resole@example.org" in message["From"] and message["Auto-Submitted"] == "auto-generated" and message["Date"]
    text = message.get_content()
    assert "CVE-2026-7000" in text and "app-mail" in text and message["Subject"]


def test_mail_to_nobody_is_parked_with_the_server_s_words(told, mail):
    judged = subscriber(told, "nobody", "mail", "nobody@example.org")
    mail.refused[:] = ["554 no such mailbox"] * 20
    find(told, judged, "CVE-2026-7100")
    wait_for(lambda: told.value("select reason from alert where team = 'nobody' and channel = 'mail' and reason like '%%554%%'"), "said why")

    def spent():
        told.query("update alert set attempts = greatest(attempts, 7), next_at = now()"
                   " where team = 'nobody' and channel = 'mail' and state = 'failed'")
        return states(told, "nobody") == ["parked"]
    wait_for(spent, "its budget is spent")
    mail.refused.clear()


def test_chat_gets_text(told):
    chat = Hook()
    judged = subscriber(told, "chat", "chat", chat.url)
    find(told, judged, "CVE-2026-7200")
    wait_for(lambda: states(told, "chat") == ["sent"], "delivered")
    (status, headers, body), = chat.got
    assert status == 204 and headers["content-type"] == "application/json"
    assert list(json.loads(body)) == ["text"] and "CVE-2026-7200" in json.loads(body)["text"]
    assert "app-chat" in json.loads(body)["text"]
    chat.close()


def test_a_host_that_fails_five_times_is_left_alone_and_others_are_not(told, hook):
    sick = Hook()
    sick.answers[:] = [(500, {})] * 1000
    judged = subscriber(told, "sick", "webhook", sick.url)
    find(told, judged, *[f"CVE-2026-74{i:02}" for i in range(12)])
    host = sick.url.split("/")[2]

    def hurried(condition):
        """Tries are moved nearer: a backoff is not what is tested here."""
        told.query("update alert set next_at = now() where team = 'sick' and state = 'failed' and next_at > now() + interval '1 second'")
        return condition()

    wait_for(lambda: hurried(lambda: told.value("select open_until > now() from channel_breaker where host = %s", (host,))),
             "the breaker is open")
    asked = len(sick.got)
    told.query("update alert set next_at = now() where team = 'sick' and state = 'failed'")
    healthy = told.rows.package("healthy", "1", told.image_a)
    find(told, healthy, "CVE-2026-7500")
    wait_for(lambda: [g for g in hook.got if b"CVE-2026-7500" in g[2] and g[0] == 204], "another host is told meanwhile")
    if told.value("select open_until > now() from channel_breaker where host = %s", (host,)):
        assert len(sick.got) == asked, "nobody asks a host whose breaker is open"
    sick.answers.clear()
    told.query("update channel_breaker set open_until = now() where host = %s", (host,))
    wait_for(lambda: hurried(lambda: set(states(told, "sick")) == {"sent"}), "it is well again: everything is delivered")
    assert told.value("select count(*) from channel_breaker where host = %s", (host,)) == 0
    got = [(g[1]["webhook-id"], g[2]) for g in sick.got if g[0] == 204]
    assert len(got) == len({g[0] for g in got}) == len(states(told, "sick"))
    sick.close()


def test_the_end_of_an_image_s_life_is_told_step_by_step_and_once(told):
    patch_base = told.rows.image("ageing", ["age"])
    repository = told.value("select repository from tag where digest = %s", (patch_base,))
    told.admin.post("/v1/teams", {"team": "age"})
    told.admin.post("/v1/applications", {"application": "app-age", "team": "age"})
    digest = told.rows.image("app-age", ["age", "own-age"])
    told.admin.post("/v1/usage", {"application": "app-age", "digest": digest})

    def manage(days):
        end = told.value("select (current_date + %s)::text", (days,))
        told.admin.post("/v1/images/manage", {"registry": "local", "repository": repository, "tag": "1", "kind": "os",
                                              "policy": "never", "end_of_life": end})

    def told_of():
        return [(a[2]["kind"], a[2]["details"]["step"], a[1]) for a in alerts(told, "lifecycle") if a[0] == "app-age"]

    for days, step in ((80, "end-of-life-in-90-days"), (20, "end-of-life-in-30-days"), (-1, "end-of-life")):
        manage(days)
        wait_for(lambda step=step: step in [t[1] for t in told_of()], f"told: {step}")
    wait_for(told.settled, "everything is told")
    assert sorted({t[1] for t in told_of()}) == ["end-of-life", "end-of-life-in-30-days", "end-of-life-in-90-days"]
    assert len({t[2] for t in told_of()}) == 3, "each step has one alert"

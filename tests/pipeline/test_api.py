"""The gateway's API: tokens, teams, consent, events; no other worker is needed."""

import concurrent.futures
import os
import uuid

import pytest
import requests
import yaml

from facts import Rows, digest_of
from parts import ROOT, wait_for
from system import Api

pytestmark = pytest.mark.program("resole-gateway")


@pytest.fixture(scope="module")
def api_system(new_system):
    system = new_system(registry=False)
    system.query("insert into registry (name, address, event_secret) values ('local', 'r.example', 's3cret')")
    system.start("gateway")
    return system


@pytest.fixture(scope="module")
def world(api_system):
    """Teams a and b, an application each, both on one base with an announced patch."""
    admin, rows = api_system.admin, Rows(api_system, "w")
    world = {"base": rows.image("base", ["l1"]), "new": rows.image("base2", ["l1", "l2"])}
    for team in ("a", "b"):
        admin.post("/v1/teams", {"team": team})
        admin.post("/v1/applications", {"application": f"app-{team}", "team": team})
        world[f"image-{team}"] = rows.image(f"app-{team}", ["l1", f"own-{team}"])
        token = admin.post("/v1/tokens", {"name": f"team {team}", "role": "team", "team": team})
        world[team] = Api(api_system.url, token["token"])
        usage = admin.post("/v1/tokens", {"name": f"usage {team}", "role": "usage", "team": team})
        world[f"usage-{team}"] = Api(api_system.url, usage["token"])
        world[f"usage-{team}"].post("/v1/usage", {"application": f"app-{team}", "digest": world[f"image-{team}"],
                                                 "environment": "production"})
    world["judged"] = rows.package("zlib", "1", world["base"], world["image-a"], world["image-b"])
    world["finding"] = rows.finding(world["judged"], "CVE-2026-1", "critical")
    world["patch"] = rows.patch(world["base"], world["new"])
    world["rows"] = rows
    return world


def status_of(api, method, path, body=None):
    return api.call(method, path, json=body).status_code


def test_no_token_a_wrong_one_and_a_revoked_one_see_nothing(api_system):
    for token in (None, "rsl_nothing"):
        assert status_of(Api(api_system.url, token), "GET", "/v1/images") == 401
    made = api_system.admin.post("/v1/tokens", {"name": "short", "role": "reader"})
    reader = Api(api_system.url, made["token"])
    assert reader.get("/v1/images")["items"] is not None
    assert status_of(reader, "POST", "/v1/teams", {"team": "x"}) == 403
    assert status_of(reader, "GET", "/v1/tokens") == 403
    assert status_of(api_system.admin, "DELETE", f"/v1/tokens/{made['id']}") == 200
    assert status_of(reader, "GET", "/v1/images") == 401
    assert made["token"] not in str(api_system.query("select * from token"))


def test_errors_are_problem_documents(api_system):
    answer = api_system.admin.call("POST", "/v1/teams", json={"team": "x", "tema": 1})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert "tema" in answer.json()["detail"] and answer.json()["status"] == 400
    assert api_system.admin.call("GET", "/v1/nothing").status_code == 404
    assert api_system.admin.call("PUT", "/v1/teams").status_code == 405
    assert api_system.admin.call("POST", "/v1/teams", data="{").status_code == 400


def test_a_body_over_the_cap_is_refused(api_system):
    answer = requests.post(f"{api_system.url}/v1/events/local", data=b"x" * (1024 * 1024 + 1), timeout=60,
                           headers={"Authorization": "Bearer s3cret"})
    assert answer.status_code == 413


def test_a_repeated_envelope_changes_nothing(api_system):
    body = {"events": [
        {"id": str(uuid.uuid4()), "action": "push", "target": {"repository": "rep/eat", "tag": "1", "digest": digest_of("r")}},
        {"id": str(uuid.uuid4()), "action": "push", "target": {"repository": "rep/eat", "digest": digest_of("blob"),
                                                               "mediaType": "application/octet-stream"}},
        {"id": str(uuid.uuid4()), "action": "delete", "target": {"repository": "rep/eat", "digest": digest_of("r")}}]}

    def tell(secret="s3cret"):
        return requests.post(f"{api_system.url}/v1/events/local", json=body, timeout=60,
                             headers={"Authorization": f"Bearer {secret}"})

    assert tell("wrong").status_code == 401
    assert api_system.value("select count(*) from run where repository = 'rep/eat'") == 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tell(), range(8)))
    assert {a.status_code for a in answers} == {202}
    assert sum(a.json()["accepted"] for a in answers) == 2
    assert sum(a.json()["repeated"] for a in answers) == 14
    assert api_system.value("select count(*) from run where repository = 'rep/eat'") == 2


def test_a_team_sees_its_own_and_what_it_stands_on(world):
    seen = {i["digest"] for i in world["a"].get("/v1/images?limit=500")["items"]}
    assert world["image-a"] in seen and world["base"] in seen
    assert world["image-b"] not in seen and world["new"] not in seen
    assert status_of(world["a"], "GET", f"/v1/images/{world['image-b']}") == 404
    assert status_of(world["a"], "GET", f"/v1/images/{world['image-b']}/packages") == 404
    assert status_of(world["a"], "GET", "/v1/applications/app-b") == 404
    assert [a["application"] for a in world["a"].get("/v1/applications")["items"]] == ["app-a"]
    assert {u["application"] for u in world["a"].get("/v1/usage")["items"]} == {"app-a"}
    image = world["a"].get(f"/v1/images/{world['base']}")
    assert image["applications"] == ["app-a"]


def test_who_has_it(api_system, world):
    answer = api_system.admin.get("/v1/vulnerabilities/CVE-2026-1")
    assert {a["application"] for a in answer["applications"]} == {"app-a", "app-b"}
    assert sorted(answer["teams"]) == ["a", "b"] and len(answer["images"]) == 3
    mine = world["a"].get("/v1/vulnerabilities/CVE-2026-1")
    assert mine["teams"] == ["a"] and {i["digest"] for i in mine["images"]} == {world["image-a"]}
    assert world["a"].get(f"/v1/findings/{world['finding']}")["severity"] == "critical"
    assert [f["vulnerability"] for f in world["a"].get("/v1/findings?application=app-a")["items"]] == ["CVE-2026-1"]
    assert world["a"].get("/v1/findings?application=app-b")["items"] == []


def test_a_usage_token_reports_for_its_team_and_learns_nothing(world):
    body = {"application": "app-b", "digest": world["image-b"]}
    assert status_of(world["usage-a"], "POST", "/v1/usage", body) == 404
    assert status_of(world["usage-a"], "GET", "/v1/images") == 403
    assert status_of(world["usage-a"], "GET", "/v1/usage") == 403
    assert status_of(world["usage-a"], "POST", f"/v1/patches/{world['patch']}/approve", {"application": "app-a"}) == 403
    assert status_of(world["usage-a"], "POST", "/v1/usage", {"application": "app-a", "digest": "latest"}) == 400
    assert world["usage-a"].post("/v1/usage", {"application": "app-a", "digest": world["image-a"],
                                               "environment": "production"}) == {"new": False}


def test_a_seen_at_from_the_future_is_clamped(api_system, world):
    world["usage-a"].post("/v1/usage", {"application": "app-a", "digest": digest_of("later"),
                                        "seen_at": "2099-01-01T00:00:00Z"})
    assert api_system.value("select last_seen <= now() from usage where digest = %s", (digest_of("later"),))


def test_team_a_can_neither_see_nor_approve_for_team_b(api_system, world):
    path = f"/v1/patches/{world['patch']}"
    for verb in ("approve", "decline"):
        assert status_of(world["a"], "POST", f"{path}/{verb}", {"application": "app-b"}) == 404
    assert api_system.value("select count(*) from consent") == 0
    assert api_system.value("select count(*) from outbox where topic = 'patch.decided'") == 0
    assert world["a"].get(path)["consents"] == []
    assert status_of(Api(api_system.url), "POST", f"{path}/approve", {"application": "app-a"}) == 401


def test_consent_binds_approver_application_patch_and_digest(api_system, world):
    path = f"/v1/patches/{world['patch']}"
    moved = status_of(world["a"], "POST", f"{path}/approve", {"application": "app-a", "digest": digest_of("another")})
    assert moved == 409
    preview = world["a"].get(f"{path}/preview")
    assert [a["application"] for a in preview["applications"]] == ["app-a"]
    answer = world["a"].post(f"{path}/approve", {"application": "app-a", "digest": world["image-a"]})
    assert [c["old_digest"] for c in answer["consents"]] == [world["image-a"]]
    row = api_system.query("select * from consent where application = 'app-a'")[0]
    assert (row["state"], row["decided_by"], row["old_digest"]) == ("approved", "team a", world["image-a"])
    assert api_system.value("select expires_at > now() from consent where application = 'app-a'")
    assert status_of(world["a"], "POST", f"{path}/approve", {"application": "app-a"}) == 409
    assert [c["application"] for c in world["a"].get(path)["consents"]] == ["app-a"]
    assert world["b"].get(path)["consents"] == []


def test_an_expired_question_is_not_answered(api_system, world):
    api_system.query("insert into consent (patch_id, application, old_digest, expires_at)"
                     " values (%s, 'app-b', %s, now() - interval '1 minute')", (world["patch"], world["image-b"]))
    path = f"/v1/patches/{world['patch']}/approve"
    assert status_of(world["b"], "POST", path, {"application": "app-b"}) == 409
    api_system.query("update consent set expires_at = now() + interval '1 day' where application = 'app-b'")
    assert status_of(world["b"], "POST", path, {"application": "app-b"}) == 200
    api_system.query("update patch set state = 'withdrawn' where patch_id = %s", (world["patch"],))
    assert status_of(world["b"], "POST", path, {"application": "app-b"}) == 409
    api_system.query("update patch set state = 'announced' where patch_id = %s", (world["patch"],))


def test_pages_and_etags(api_system, world):
    whole = [i["digest"] for i in api_system.admin.get("/v1/images?limit=500")["items"]]
    paged, after = [], ""
    while after is not None:
        page = api_system.admin.get(f"/v1/images?limit=1{'&after=' + after if after else ''}")
        assert len(page["items"]) <= 1
        paged += [i["digest"] for i in page["items"]]
        after = page["next"]
    assert paged == whole and len(whole) >= 4
    path = f"/v1/images/{world['base']}"
    first = api_system.admin.call("GET", path)
    again = api_system.admin.call("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    assert status_of(api_system.admin, "GET", "/v1/images?limit=0") == 400


def test_subscriptions_are_the_teams_own(world):
    made = world["a"].post("/v1/subscriptions", {"channel": "webhook", "address": "https://hook.example/x"})
    assert made["secret"].startswith("whsec_")
    assert status_of(world["b"], "GET", f"/v1/subscriptions/{made['id']}") == 404
    assert status_of(world["b"], "DELETE", f"/v1/subscriptions/{made['id']}") == 404
    assert status_of(world["a"], "POST", "/v1/subscriptions", {"team": "b", "channel": "kafka"}) == 404
    assert "secret" not in world["a"].get(f"/v1/subscriptions/{made['id']}")
    assert status_of(world["a"], "DELETE", f"/v1/subscriptions/{made['id']}") == 200


def test_a_parked_message_is_shown_and_replayed(api_system):
    api_system.query(
        "insert into task (consumer, ce_source, ce_id, topic, state, reason, message_key, value)"
        " values ('fetcher', 'test', 'p1', 'image.pushed', 'parked', 'no such thing', 'k', %s)", (b'{"registry":"local"}',))
    row = api_system.admin.get("/v1/parked")["items"][0]
    assert row["reason"] == "no such thing"
    assert "local" in api_system.admin.get(f"/v1/parked/{row['id']}")["message"]
    api_system.admin.post(f"/v1/parked/{row['id']}/replay")
    assert api_system.admin.get("/v1/parked")["items"] == []
    assert status_of(api_system.admin, "POST", f"/v1/parked/{row['id']}/replay") == 404


def test_the_document_says_what_the_routes_table_says(api_system):
    with open(os.path.join(ROOT, "schemas/openapi.yaml"), encoding="utf-8") as file:
        written = yaml.safe_load(file)["paths"]
    served = requests.get(f"{api_system.url}/openapi.json", timeout=60).json()["paths"]

    def operations(paths):
        return {(path, method) for path, methods in paths.items() for method in methods if method != "parameters"}

    assert operations(written) == operations(served)


def test_the_dashboard_needs_a_token_and_escapes(api_system, world):
    assert requests.get(f"{api_system.url}/", timeout=60).status_code == 401
    api_system.query("insert into source (source, format, reason) values ('odd', 'x', '<script>alert(1)</script>')")
    answer = api_system.admin.call("GET", "/")
    assert answer.status_code == 200 and "text/html" in answer.headers["Content-Type"]
    assert "<script>" not in answer.text and "&lt;script&gt;" in answer.text and "app-a" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    mine = world["a"].call("GET", "/")
    assert "app-a" in mine.text and "app-b" not in mine.text


def test_events_are_refused_while_the_bus_does_not_keep_up(new_system):
    """Rows that are not due yet stay, as they do while the broker is away."""
    system = new_system(registry=False, settings={"gateway": {"RESOLE_OUTBOX_MOST": "3"}})
    system.query("insert into registry (name, address, event_secret) values ('local', 'r.example', 's3cret')")
    system.query("insert into outbox (worker, topic, message_key, ce_source, ce_id, value, due_at)"
                 " select 'gateway', 'image.pushed', 'k', 'test', n::text, '{}', now() + interval '1 day' from generate_series(1, 3) n")
    system.start("gateway")

    def tell():
        return requests.post(f"{system.url}/v1/events/local", json={"events": []}, timeout=60,
                             headers={"Authorization": "Bearer s3cret"})

    refused = wait_for(lambda: [a for a in [tell()] if a.status_code == 503], "events are refused")[0]
    assert int(refused.headers["Retry-After"]) > 0
    system.query("delete from outbox")
    wait_for(lambda: tell().status_code == 202, "events are taken again")

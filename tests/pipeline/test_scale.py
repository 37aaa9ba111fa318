"""What a company's worth of rows must not cost. No clock here: rows written are counted, and plans are
read. tests/bench/scale measures the same at full size."""

import os
import subprocess

import psycopg2
import pytest

from parts import wait_for
from test_matcher import fetched, source

pytestmark = pytest.mark.program("resole-setup", "resole-matcher", "resole-reader")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGES = 5000
# No statement of every message or every few seconds walks one of these whole.
LARGE = {"image", "image_layer", "image_group", "package_entry", "layer", "layer_place", "finding"}
APPLICATION, REPOSITORY = "app-7", "apps/app-7"


@pytest.fixture(scope="module")
def company(new_system):
    system = new_system(registry=False)
    address = system.postgres.url(system.database)
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"images={IMAGES}", "-f", f"{ROOT}/tests/bench/scale.sql", address], check=True)
    # One image on its way, so that what looks for those has one to find.
    system.query("update image set state = 'unpacking', changed_at = now() - interval '1 hour' where image_id = 5")
    system.query("insert into fact (application, kind, family, cause) values (%s, 'vulnerability', 'CVE-2020-1005', 'push')", (APPLICATION,))
    subprocess.run(["psql", "-q", "-c", "vacuum analyze", address], check=True)
    return system


@pytest.fixture(scope="module")
def known(company):
    return {
        "image": company.value("select digest from image order by image_id limit 1"),
        "image_id": company.value("select image_id from image order by image_id limit 1"),
        "stack": company.value("select digest from tag where repository = 'bases/stack7'"),
        "layer": company.value("select digest from layer order by layer_id desc limit 1"),
        "findings": company.value("select array_agg(finding_id) from (select finding_id from finding order by 1 limit 5) as f"),
    }


STATEMENTS = [
    ("fetcher", "image_find", ["image"]),
    ("unpacker", "unpacker_image_lock", ["layer"]),
    ("unpacker", "unpacker_image_ready", ["layer"]),
    ("unpacker", "unpacker_image_park", ["layer", "'broken'"]),
    ("shared", "compose_bounds", ["image_id"]),
    ("shared", "compose_layers", ["image_id"]),
    ("matcher", "unmatched", ["image_id"]),
    ("matcher", "count_image", ["image_id"]),
    ("matcher", "except_owned", ["image_id"]),
    ("notifier", "fact_open", ["null", "image", "null", "'push'", "3600"]),
    ("notifier", "fact_open", [f"'{APPLICATION}'", "null", "null", "'usage'", "3600"]),
    ("notifier", "fact_close", [f"'{APPLICATION}'", "null", "null"]),
    ("notifier", "applications_of_image", ["image"]),
    ("notifier", "applications_of_image", ["stack"]),
    ("notifier", "patch_open", ["null", f"'{APPLICATION}'", "30"]),
    ("janitor", "stuck", ["60", "100"]),
    ("janitor", "tag_known", ["1", "'scale'", f"'{REPOSITORY}'", "60"]),
    ("patch_builder", "managed_due", []),
    ("gateway", "image_list", ["null", "50", "null", "null", "null", "null", "null", "null"]),
    ("gateway", "image_show", ["image", "null"]),
    ("gateway", "finding_list", ["null", "50"] + ["null"] * 7),
    ("gateway", "finding_list", ["null", "50", "null", "image"] + ["null"] * 5),
]


def plan_of(company, worker, name, arguments, known):
    with open(f"{ROOT}/workers/{worker}/sql/{name}.sql", encoding="utf-8") as file:
        text = file.read()
    values = ", ".join(f"'{known[a]}'" if a in known else a for a in arguments)
    connection = psycopg2.connect(company.postgres.url(company.database))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"prepare one as {text}")
            cursor.execute("explain (analyze, timing off, format json) execute one" + (f" ({values})" if values else ""))
            return cursor.fetchone()[0][0]["Plan"]
    finally:
        connection.rollback()
        connection.close()


def walks(plan):
    """(table, rows read) of every sequential scan that ran; a function's body shows none."""
    found = [(plan["Relation Name"], plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))] \
        if plan["Node Type"] == "Seq Scan" and plan["Actual Loops"] else []
    return found + [walk for child in plan.get("Plans", []) for walk in walks(child)]


@pytest.mark.parametrize("worker,name,arguments", STATEMENTS, ids=[f"{w}/{n}-{i}" for i, (w, n, _) in enumerate(STATEMENTS)])
def test_no_large_table_is_walked(company, known, worker, name, arguments):
    plan = plan_of(company, worker, name, arguments, known)
    assert not [walk for walk in walks(plan) if walk[0] in LARGE], plan


def test_both_sides_name_the_same_applications(company):
    """The view, from an application; the functions, from an image, a base and a patch."""
    same = "select count(*) from ((table a except table b) union all (table b except table a)) as difference"
    for left, right in (
            ("select * from application_image", "select * from applications_of(array(select image_id from image))"),
            ("select base_id, application, image_id, top from application_base where base_id > 5400",
             "select b.image_id, a.application, a.image_id, a.top from image b cross join applications_on(b.image_id) as a where b.image_id > 5400"),
            ("select * from patch_application where patch_id < 40",
             "select a.* from patch p cross join applications_of_patch(p.patch_id) as a where p.patch_id < 40")):
        assert company.value(f"select count(*) from ({left}) as rows") > 0
        assert company.value(f"with a as ({left}), b as ({right}) {same}") == 0, left


def test_a_changed_advisory_writes_its_components_rows_only(company):
    written = "select {} from pg_stat_user_tables where relname = %s"

    def count(table, what):
        return company.value(written.format(what), (table,))

    source(company, "debian-tracker", "debian-tracker")
    company.start("matcher")
    concerned = "from judged_component j join component c using (component_id) join context x using (context_id)" \
        " where c.type = 'deb' and c.name = 'package95' and x.distro = 'debian'"
    hit = company.value(f"select count(*) {concerned} and x.release = 'bookworm' and c.version < '1.6-1'")
    named = company.value(f"select count(*) {concerned}")
    images = company.value("select count(distinct p.image_id) from image_package p join judged_component j using (judged_id)"
                           f" where j.judged_id in (select judged_id {concerned})")
    before = {what: count(*what) for what in (("finding", "n_tup_ins + n_tup_upd"), ("judged_component", "n_tup_upd"), ("image", "n_tup_upd"))}
    fetched(company, "debian-tracker", {"package95": {"CVE-2026-0001": {"releases": {
        "bookworm": {"status": "resolved", "fixed_version": "1.6-1", "urgency": "high"}}}}})
    wait_for(lambda: company.value("select count(*) from finding where vulnerability = 'CVE-2026-0001'") == hit, "its findings")
    wait_for(company.settled, "everything is told")
    company.stop("matcher")  # a backend that ends has told its figures
    after = {what: wait_for(lambda what=what: count(*what), "figures") for what in before}
    grown = {what[0]: after[what] - before[what] for what in before}
    old = company.value("select count(*) from finding f join judged_component j using (judged_id) join component c using (component_id)"
                        " where c.name = 'package95' and f.vulnerability <> 'CVE-2026-0001'")
    assert hit > 0 and grown["finding"] <= hit + old, (grown, hit, old)
    assert grown["judged_component"] <= named, (grown, named)
    assert grown["image"] <= images, (grown, images)

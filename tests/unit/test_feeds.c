/* One small document of each feed format and what is made of it. A row says every assertion, one a
 * line: "source-package|binary NAME distro/release/stream VULNERABILITY state < fixed {conditions}
 * (reason)". */
#include <stdio.h>
#include <unistd.h>

#include "advisory/bundle.h"
#include "advisory/feed.h"
#include "base/buf.h"
#include "test.h"

/* Whole documents as literals. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

static bool put_line(void *context, const struct assertion *a, struct error *err)
{
    (void)err;
    struct buf *out = context;
    buf_printf(out, "%s %s %s/%s/%s %s %s", a->name_kind == NAME_SOURCE ? "source" : "binary",
               a->name, a->context.distro ? a->context.distro : "",
               a->context.release ? a->context.release : "",
               a->context.stream ? a->context.stream : "", a->vulnerability,
               a->kind == ASSERTION_VULNERABILITY ? "fact" : advisory_state_name(a->state));
    for (size_t i = 0; i < a->range_count; i++) {
        if (a->ranges[i].introduced && *a->ranges[i].introduced)
            buf_printf(out, " >= %s", a->ranges[i].introduced);
        if (a->ranges[i].fixed && *a->ranges[i].fixed)
            buf_printf(out, " < %s", a->ranges[i].fixed);
        if (a->ranges[i].last_affected && *a->ranges[i].last_affected)
            buf_printf(out, " <= %s", a->ranges[i].last_affected);
    }
    if (a->affected_range)
        buf_printf(out, " in %s", a->affected_range);
    for (size_t i = 0; i < a->safe_range_count; i++)
        buf_printf(out, " not %s", a->safe_ranges[i]);
    for (size_t i = 0; i < a->version_count; i++)
        buf_printf(out, " = %s", a->versions[i]);
    for (size_t i = 0; i < a->condition_count; i++)
        buf_printf(out, " {%s}", a->conditions[i].value);
    if (a->reason && *a->reason)
        buf_printf(out, " (%.40s)", a->reason);
    buf_put_byte(out, '\n');
    return true;
}

struct sample {
    const char *format, *name, *text, *lines;
};

static const struct sample samples[] = {
    {"debian-lists", "data/DSA/list",
     "[29 Mar 2024] DSA-9999-1 foo - security update\n\t{CVE-2024-1001 CVE-2024-1002}\n"
     "\t[bookworm] - foo 1.2-3+deb12u1\n\t[bullseye] - foo <not-affected>\n\tNOTE: nothing\n"
     "[28 Mar 2024] DSA-9998-2 bar - regression update\n\t[bookworm] - bar 2:7-1\n",
     "source foo debian/12/ CVE-2024-1001 fixed < 1.2-3+deb12u1\n"
     "source foo debian/12/ CVE-2024-1002 fixed < 1.2-3+deb12u1\n"
     "source foo debian/11/ CVE-2024-1001 not-affected\n"
     "source foo debian/11/ CVE-2024-1002 not-affected\n"
     "source bar debian/12/ DSA-9998-2 fixed < 2:7-1\n"},
    {"ubuntu-tracker", "active/CVE-2024-1001",
     "Candidate: CVE-2024-1001\nPublicDate: 2024-01-02 03:04:05 UTC\nPriority: high\n"
     "Patches_foo:\nupstream_foo: needs-triage\njammy_foo: released (1.2-3ubuntu0.1)\n"
     "noble_foo: not-affected (code not present)\nfocal_foo: ignored (end of standard support)\n"
     "esm-infra/focal_foo: needed\ntrusty/esm_foo: deferred (2024-01-01)\nmantic_foo: DNE\n"
     "bionic_foo: ignored (too intrusive)\ndevel_foo: needed\n",
     "source foo ubuntu/22.04/ CVE-2024-1001 fixed < 1.2-3ubuntu0.1\n"
     "source foo ubuntu/24.04/ CVE-2024-1001 not-affected (code not present)\n"
     "source foo ubuntu/20.04/ CVE-2024-1001 end-of-life (end of standard support)\n"
     "source foo ubuntu/20.04/esm-infra CVE-2024-1001 affected\n"
     "source foo ubuntu/14.04/esm-infra CVE-2024-1001 deferred (2024-01-01)\n"
     "source foo ubuntu/18.04/ CVE-2024-1001 will-not-fix (too intrusive)\n"},
    {"ubuntu-vex", "vex/cve/2024/CVE-2024-1001.json",
     "{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"author\":\"Canonical\",\"statements\":["
     "{\"vulnerability\":{\"name\":\"CVE-2024-1001\"},\"status\":\"fixed\",\"products\":["
     "{\"@id\":\"pkg:deb/ubuntu/foo@1.2-3?arch=source&distro=jammy\"},"
     "{\"@id\":\"pkg:deb/ubuntu/libfoo@1.2-3?arch=amd64&distro=jammy\"}]},"
     "{\"vulnerability\":{\"name\":\"CVE-2024-1001\"},\"status\":\"affected\","
     "\"action_statement\":\"It is no longer supported.\",\"products\":["
     "{\"@id\":\"pkg:deb/ubuntu/foo@1.1?arch=source&distro=esm-infra/xenial\"}]},"
     "{\"vulnerability\":{\"name\":\"CVE-2024-1001\"},\"status\":\"not_affected\","
     "\"justification\":\"vulnerable_code_not_present\",\"products\":["
     "{\"@id\":\"pkg:deb/ubuntu/foo@1.3?arch=source&distro=noble\"}]}]}",
     "source foo ubuntu/22.04/ CVE-2024-1001 not-affected >= 1.2-3 (fixed)\n"
     "source foo ubuntu/16.04/esm-infra CVE-2024-1001 end-of-life (It is no longer supported.)\n"
     "source foo ubuntu/24.04/ CVE-2024-1001 not-affected (vulnerable_code_not_present)\n"},
    {"arch", "all.json",
     "[{\"name\":\"AVG-1\",\"packages\":[\"foo\",\"lib32-foo\"],\"status\":\"Fixed\","
     "\"severity\":\"High\",\"type\":\"x\",\"affected\":\"1-1\",\"fixed\":\"1-2\","
     "\"issues\":[\"CVE-2024-1001\"]},{\"name\":\"AVG-2\",\"packages\":[\"bar\"],"
     "\"status\":\"Vulnerable\",\"fixed\":null,\"issues\":[\"CVE-2024-1002\"]}]",
     "binary foo arch// CVE-2024-1001 fixed < 1-2\n"
     "binary lib32-foo arch// CVE-2024-1001 fixed < 1-2\n"
     "binary bar arch// CVE-2024-1002 affected\n"},
    {"photon-json", "cve_data_photon5.0.json",
     "[{\"cve_id\":\"CVE-2024-1001\",\"pkg\":\"foo\",\"cve_score\":7.5,\"res_ver\":\"1-2.ph5\","
     "\"status\":\"Fixed\"},{\"cve_id\":\"CVE-2024-1002\",\"pkg\":\"foo\",\"res_ver\":\"NA\","
     "\"status\":\"Not Affected\"},{\"cve_id\":\"UNK-1\",\"pkg\":\"foo\",\"res_ver\":\"NA\","
     "\"status\":\"Not Affected\"}]",
     "binary foo photon/5.0/ CVE-2024-1001 fixed < 1-2.ph5\n"
     "binary foo photon/5.0/ CVE-2024-1002 not-affected\n"},
    {"ruby-advisory-db", "gems/foo/CVE-2024-1001.yml",
     "---\ngem: foo\ncve: 2024-1001\nghsa: aaaa-bbbb-cccc\ntitle: X\ndate: 2024-01-02\n"
     "unaffected_versions:\n  - \"< 1.0\"\npatched_versions:\n  - \"~> 2.0.9, >= 2.0.9.2\"\n",
     "binary foo // CVE-2024-1001 fixed not ~> 2.0.9, >= 2.0.9.2 not < 1.0\n"},
    {"friendsofphp", "a/b/CVE-2024-1001.yaml",
     "title: X\nlink: https://example.org/\ncve: ~\nbranches:\n  1.x:\n"
     "    time: 2024-01-01\n    versions: ['>=1.0', '<1.4']\n  2.x:\n    versions: ['<2.2']\n"
     "reference: composer://A/b\n",
     "binary a/b // CVE-2024-1001 fixed in >=1.0,<1.4 || <2.2\n"},
    {"wolfi-advisories", "foo.advisories.yaml",
     "schema-version: 2.0.2\npackage:\n  name: foo\nadvisories:\n  - id: CGA-1\n    aliases:\n"
     "      - CVE-2024-1001\n    events:\n      - timestamp: 2024-02-02T00:00:00Z\n"
     "        type: fixed\n        data:\n          fixed-version: 1.2-r0\n"
     "      - timestamp: 2024-01-01T00:00:00Z\n        type: detection\n"
     "  - id: CGA-2\n    events:\n      - timestamp: 2024-01-01T00:00:00Z\n"
     "        type: fix-not-planned\n  - id: CGA-3\n    events:\n"
     "      - timestamp: 2024-01-01T00:00:00Z\n        type: pending-upstream-fix\n",
     "source foo wolfi// CVE-2024-1001 fixed < 1.2-r0\n"
     "source foo wolfi// CGA-2 will-not-fix (a fix is not planned)\n"
     "source foo wolfi// CGA-3 deferred (waits for upstream's fix)\n"},
    {"node-core", "vuln/core/100.json",
     "{\"cve\":[\"CVE-2024-1001\"],\"vulnerable\":\"18.x || 20.x\",\"patched\":\"^18.9.1\"}",
     "binary node // CVE-2024-1001 fixed in 18.x || 20.x not ^18.9.1\n"},
    {"endoflife", "products/foo.md",
     "---\ntitle: Foo\npermalink: /foo\nreleases:\n  - releaseCycle: \"2\"\n    eol: false\n"
     "  - releaseCycle: \"1\"\n    eol: true\n---\n\nText: [x]\n",
     "binary foo // foo/2 unknown = 2\nbinary foo // foo/1 end-of-life = 1\n"},
    {"nvd", "nvd.json",
     "{\"format\":\"NVD_CVE\",\"version\":\"2.0\",\"vulnerabilities\":[{\"cve\":{"
     "\"id\":\"CVE-2024-1001\",\"vulnStatus\":\"Analyzed\",\"metrics\":{\"cvssMetricV31\":["
     "{\"type\":\"Primary\",\"cvssData\":{\"vectorString\":"
     "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}}]},\"configurations\":[{\"operator\":"
     "\"AND\",\"nodes\":[{\"operator\":\"OR\",\"cpeMatch\":[{\"vulnerable\":true,\"criteria\":"
     "\"cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*\",\"versionStartExcluding\":\"1.0\","
     "\"versionEndExcluding\":\"1.2\"},{\"vulnerable\":true,\"criteria\":"
     "\"cpe:2.3:a:nobody:foo:1:*:*:*:*:*:*:*\"}]},{\"operator\":\"OR\",\"cpeMatch\":["
     "{\"vulnerable\":false,\"criteria\":\"cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*\"}]}]},"
     "{\"nodes\":[{\"operator\":\"OR\",\"cpeMatch\":[{\"vulnerable\":true,\"criteria\":"
     "\"cpe:2.3:a:oracle:jdk:1.8.0:update292:*:*:*:*:*:*\"}]}]}]}},"
     "{\"cve\":{\"id\":\"CVE-2024-1002\",\"vulnStatus\":\"Rejected\"}}]}",
     "binary CVE-2024-1001 // CVE-2024-1001 fact\n"
     "binary nginx // CVE-2024-1001 fixed in > 1.0, < 1.2 {openssl}\n"
     "binary jdk // CVE-2024-1001 affected = 1.8.0_292\n"},
    {"cve", "CVE-2024-1001.json",
     "{\"dataType\":\"CVE_RECORD\",\"dataVersion\":\"5.1\",\"cveMetadata\":{\"cveId\":"
     "\"CVE-2024-1001\",\"state\":\"PUBLISHED\"},\"containers\":{\"cna\":{},\"adp\":[{\"metrics\":"
     "[{\"cvssV3_1\":{\"vectorString\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}}]}]}}",
     "binary CVE-2024-1001 // CVE-2024-1001 fact\n"},
    {"osv-yaml", "vulns/foo/PYSEC-2024-1.yaml",
     "id: PYSEC-2024-1\naffected:\n- package:\n    name: Foo_Bar\n    ecosystem: PyPI\n  ranges:\n"
     "  - type: ECOSYSTEM\n    events:\n    - introduced: \"0\"\n    - fixed: 1.10\n"
     "aliases:\n- CVE-2024-1001\n",
     "binary foo-bar // CVE-2024-1001 fixed >= 0 < 1.10\n"},
    {"alpine-secdb", "security.json",
     "{\"urlprefix\":\"https://packages.mini.dev/os\",\"packages\":[{\"pkg\":{\"name\":\"jq\","
     "\"secfixes\":{\"1.6-r1\":[\"CVE-2024-1001\"],\"0\":[\"CVE-2024-1002 (x)\"]}}}]}",
     "source jq minimos// CVE-2024-1001 fixed < 1.6-r1\n"
     "source jq minimos// CVE-2024-1002 not-affected\n"},
    {"osv", "unsorted.json", /* events in any order; an end without a beginning is none */
     "{\"id\":\"GHSA-1\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"foo\"},"
     "\"ecosystem_specific\":{\"affects\":{\"os\":[\"windows\"]}},\"ranges\":[{\"type\":"
     "\"SEMVER\",\"events\":[{\"fixed\":\"2.0.3\"},{\"introduced\":\"0\"},{\"fixed\":\"1.10.0\"},"
     "{\"fixed\":\"1.9.0\"},{\"introduced\":\"2.0.0\"}]}]}]}",
     "binary foo // GHSA-1 fixed >= 0 < 1.9.0 >= 2.0.0 < 2.0.3 {windows}\n"},
    {"osv", "git.json",
     "{\"id\":\"PSF-1\",\"aliases\":[\"CVE-2024-1001\"],\"affected\":[{\"ranges\":[{\"type\":"
     "\"GIT\","
     "\"repo\":\"https://github.com/python/cpython\",\"events\":[{\"introduced\":\"0\"}]}],"
     "\"versions\":[\"v3.12.0\",\"v3.12.1\"]}]}",
     "binary python // CVE-2024-1001 affected = 3.12.0 = 3.12.1\n"},
    {"rustsec", "crates/foo/RUSTSEC-2024-0001.md",
     "```toml\n[advisory] # of ours\nid = \"RUSTSEC-2024-0001\"\npackage = \"foo\"\n"
     "date = \"2024-01-02\"\naliases = [\n  \"CVE-2024-1001\", # one\n  'GHSA-1',\n]\n\n"
     "[affected]\nos = [\"windows\"]\nfunctions = { \"a::b\" = [\"< 1\"] }\n[versions]\n"
     "patched = [\"^ 2.2.1\", \">= 3.0.0-beta.9\"]\nunaffected = [\"< \\u0031.0\"]\n```\n\n# X\n",
     "binary foo // CVE-2024-1001 fixed not ^ 2.2.1 not >= 3.0.0-beta.9 not < 1.0 {windows}\n"},
    {"rustsec", "rust/std/CVE-2024-1001.md",
     "```toml\nadvisory.id = \"CVE-2024-1001\"\nadvisory.package = \"std\"\n```\n",
     "binary rust // CVE-2024-1001 affected\n"},
    {"ghsa-csv", "advisories-npm.csv",
     "CVE-2024-1001,2024-01-02T03:04:05Z,\"A \"\"b\"\", c\",foo,1.0,1.2,HIGH,CWE-79\n"
     "GHSA-1,,x,@a/b,0,,LOW,\n",
     "binary foo // CVE-2024-1001 fixed >= 1.0 < 1.2\nbinary @a/b // GHSA-1 affected >= 0\n"},
    {"epss", "CVE_2024_EPSS.csv", "CVE-2024-1001;0.002250000;0.134660000\n",
     "binary CVE-2024-1001 // CVE-2024-1001 fact\n"},
    {"fedora-updateinfo", "updateinfo.xml",
     "<?xml version=\"1.0\"?><updates><update type=\"security\"><id>FEDORA-2024-1</id>"
     "<title>CVE-2024-1001 in foo</title><pkglist><collection><package name=\"foo\" epoch=\"1\" "
     "version=\"2\" release=\"3.fc39\" arch=\"x86_64\"/><package name=\"foo\" epoch=\"1\" "
     "version=\"2\" release=\"3.fc39\" arch=\"aarch64\"/><package name=\"foo\" version=\"2\" "
     "release=\"3.fc39\" arch=\"src\"/></collection></pkglist></update>"
     "<update type=\"enhancement\"><id>FEDORA-2024-2</id></update></updates>",
     "binary foo fedora/39/ CVE-2024-1001 fixed < 1:2-3.fc39 {x86_64} {aarch64}\n"},
    {"amazon-updateinfo", "updateinfo.xml",
     "<updates><update type=\"security\"><id>ALAS2023-2024-001</id><severity>Important</severity>"
     "<references><reference type=\"cve\" id=\"CVE-2024-1001\"/></references><pkglist><package "
     "arch=\"noarch\" name=\"foo\" version=\"1.2\" release=\"3.amzn2023\"/></pkglist></update>"
     "</updates>",
     "binary foo amzn/2023/ CVE-2024-1001 fixed < 0:1.2-3.amzn2023 {noarch}\n"},
    {"debian-oval", "oval-definitions-bookworm.xml",
     "<?xml version=\"1.0\"?><oval_definitions xmlns:l=\"urn:l\"><generator><schema_ve"
     "rsion>5.11</schema_version><timestamp>2024-01-02T03:04:05</timestamp></gener"
     "ator><definitions><definition id=\"oval:org.debian:def:1\" class=\"vulnerabilit"
     "y\"><metadata><title>CVE-2024-1001 foo</title><affected><platform></platform>"
     "</affected><reference source=\"CVE\" ref_id=\"CVE-2024-1001\"/></metadata><crite"
     "ria operator=\"AND\"><criterion test_ref=\"t1\" comment=\"Debian 12 is installed\""
     "/><criteria operator=\"OR\"><criterion test_ref=\"t2\" comment=\"foo DPKG is earl"
     "ier than 1.2-3\"/></criteria></criteria></definition><definition id=\"oval:org"
     ".debian:def:2\" class=\"vulnerability\"><metadata><title>CVE-2024-1002 foo</tit"
     "le><affected><platform></platform></affected><reference source=\"CVE\" ref_id="
     "\"CVE-2024-1002\"/></metadata><criteria operator=\"AND\"><criterion test_ref=\"t1"
     "\" comment=\"Debian 12 is installed\"/><criterion test_ref=\"t3\" comment=\"foo DP"
     "KG is earlier than 0\"/></criteria></definition></definitions><tests><l:dpkgi"
     "nfo_test id=\"t2\"><l:object object_ref=\"o1\"/><l:state state_ref=\"s1\"/></l:dpk"
     "ginfo_test><l:dpkginfo_test id=\"t3\"><l:object object_ref=\"o1\"/><l:state stat"
     "e_ref=\"s2\"/></l:dpkginfo_test></tests><objects><l:dpkginfo_object id=\"o1\"><l"
     ":name>foo</l:name></l:dpkginfo_object></objects><states><l:dpkginfo_state id"
     "=\"s1\"><l:evr operation=\"less than\">0:1.2-3</l:evr></l:dpkginfo_state><l:dpkg"
     "info_state id=\"s2\"><l:evr operation=\"less than\">0:0</l:evr></l:dpkginfo_stat"
     "e></states><variables></variables></oval_definitions>",
     "source foo debian/12/ CVE-2024-1001 fixed < 1.2-3\n"
     "source foo debian/12/ CVE-2024-1002 affected\n"},
    {"ubuntu-oval", "com.ubuntu.noble.usn.oval.xml",
     "<?xml version=\"1.0\"?><oval_definitions xmlns:l=\"urn:l\"><generator><schema_ve"
     "rsion>5.11</schema_version><timestamp>2024-01-02T03:04:05</timestamp></gener"
     "ator><definitions><definition id=\"oval:com.ubuntu.noble:def:1\" class=\"patch\""
     "><metadata><title>USN-1-1 -- foo vulnerabilities</title><affected><platform>"
     "</platform></affected><reference source=\"CVE\" ref_id=\"CVE-2024-1001\"/></meta"
     "data><criteria><extend_definition/><criteria operator=\"OR\"><criterion test_r"
     "ef=\"t1\" comment=\"Long Term Support\"/><criterion test_ref=\"t2\" comment=\"Avail"
     "able with Ubuntu Pro: https://ubuntu.com/pro\"/></criteria></criteria></defin"
     "ition></definitions><tests><l:dpkginfo_test id=\"t1\"><l:object object_ref=\"o1"
     "\"/><l:state state_ref=\"s1\"/></l:dpkginfo_test><l:dpkginfo_test id=\"t2\"><l:ob"
     "ject object_ref=\"o2\"/><l:state state_ref=\"s1\"/></l:dpkginfo_test></tests><ob"
     "jects><l:dpkginfo_object id=\"o1\"><l:name var_ref=\"v1\"/></l:dpkginfo_object><"
     "l:dpkginfo_object id=\"o2\"><l:name>libfoo</l:name></l:dpkginfo_object></objec"
     "ts><states><l:dpkginfo_state id=\"s1\"><l:evr operation=\"less than\">0:1.2-3</l"
     ":evr></l:dpkginfo_state></states><variables><constant_variable id=\"v1\"><valu"
     "e>foo</value><value>foo-bin</value></constant_variable></variables></oval_de"
     "finitions>",
     "binary foo ubuntu/24.04/ CVE-2024-1001 fixed < 1.2-3\n"
     "binary foo-bin ubuntu/24.04/ CVE-2024-1001 fixed < 1.2-3\n"
     "binary libfoo ubuntu/24.04/pro CVE-2024-1001 fixed < 1.2-3\n"},
    {"redhat-oval", "rhel-9.oval.xml",
     "<?xml version=\"1.0\"?><oval_definitions xmlns:l=\"urn:l\"><generator><schema_ve"
     "rsion>5.11</schema_version><timestamp>2024-01-02T03:04:05</timestamp></gener"
     "ator><definitions><definition id=\"oval:com.redhat.rhsa:def:1\" class=\"patch\">"
     "<metadata><title>RHSA-2024:1: foo security update (Low)</title><affected><pl"
     "atform></platform></affected><reference source=\"CVE\" ref_id=\"CVE-2024-1001\"/"
     "></metadata><criteria operator=\"OR\"><criterion test_ref=\"t9\" comment=\"Red Ha"
     "t Enterprise Linux must be installed\"/><criteria operator=\"AND\"><criterion t"
     "est_ref=\"t9\" comment=\"Red Hat Enterprise Linux 9 is installed\"/><criterion t"
     "est_ref=\"t8\" comment=\"Module foo:1 is enabled\"/><criteria operator=\"AND\"><cr"
     "iterion test_ref=\"t1\" comment=\"foo is earlier than 1:1.2-3.el9\"/><criterion "
     "test_ref=\"t3\" comment=\"foo is signed with Red Hat redhatrelease2 key\"/></cri"
     "teria></criteria></criteria></definition><definition id=\"oval:com.redhat.cve"
     ":def:0\" class=\"vulnerability\"><metadata><title>CVE-2024-1002 foo: x</title><"
     "affected><platform></platform></affected><reference source=\"CVE\" ref_id=\"CVE"
     "-2024-1002\"/><advisory><severity>Moderate</severity><cve impact=\"low\">CVE-20"
     "24-1002</cve><affected><resolution state=\"Will not fix\"><component>foo</comp"
     "onent></resolution></affected><affected_cpe_list><cpe>cpe:/o:redhat:enterpri"
     "se_linux:9</cpe></affected_cpe_list></advisory></metadata><criteria operator"
     "=\"OR\"><criterion test_ref=\"t9\" comment=\"Red Hat Enterprise Linux must be ins"
     "talled\"/><criteria operator=\"AND\"><criterion test_ref=\"t9\" comment=\"Red Hat "
     "Enterprise Linux 9 is installed\"/><criterion test_ref=\"t2\" comment=\"foo is i"
     "nstalled\"/></criteria></criteria></definition><definition id=\"oval:com.redha"
     "t.cve:def:1\" class=\"vulnerability\"><metadata><title>CVE-2024-1002 foo: x</ti"
     "tle><affected><platform></platform></affected><reference source=\"CVE\" ref_id"
     "=\"CVE-2024-1002\"/><advisory><severity>Moderate</severity><cve impact=\"low\">C"
     "VE-2024-1002</cve><affected><resolution state=\"Out of support scope\"><compon"
     "ent>foo</component></resolution></affected><affected_cpe_list><cpe>cpe:/o:re"
     "dhat:enterprise_linux:9</cpe></affected_cpe_list></advisory></metadata><crit"
     "eria operator=\"OR\"><criterion test_ref=\"t9\" comment=\"Red Hat Enterprise Linu"
     "x must be installed\"/><criteria operator=\"AND\"><criterion test_ref=\"t9\" comm"
     "ent=\"Red Hat Enterprise Linux 9 is installed\"/><criterion test_ref=\"t2\" comm"
     "ent=\"foo is installed\"/></criteria></criteria></definition><definition id=\"o"
     "val:com.redhat.cve:def:2\" class=\"vulnerability\"><metadata><title>CVE-2024-10"
     "02 foo: x</title><affected><platform></platform></affected><reference source"
     "=\"CVE\" ref_id=\"CVE-2024-1002\"/><advisory><severity>Moderate</severity><cve i"
     "mpact=\"low\">CVE-2024-1002</cve><affected><resolution state=\"Under investigat"
     "ion\"><component>foo</component></resolution></affected><affected_cpe_list><c"
     "pe>cpe:/o:redhat:enterprise_linux:9</cpe></affected_cpe_list></advisory></me"
     "tadata><criteria operator=\"OR\"><criterion test_ref=\"t9\" comment=\"Red Hat Ent"
     "erprise Linux must be installed\"/><criteria operator=\"AND\"><criterion test_r"
     "ef=\"t9\" comment=\"Red Hat Enterprise Linux 9 is installed\"/><criterion test_r"
     "ef=\"t2\" comment=\"foo is installed\"/></criteria></criteria></definition><defi"
     "nition id=\"oval:com.redhat.cve:def:3\" class=\"vulnerability\"><metadata><title"
     ">CVE-2024-1002 foo: x</title><affected><platform></platform></affected><refe"
     "rence source=\"CVE\" ref_id=\"CVE-2024-1002\"/><advisory><severity>Moderate</sev"
     "erity><cve impact=\"low\">CVE-2024-1002</cve><affected><resolution state=\"Fix "
     "deferred\"><component>foo</component></resolution></affected><affected_cpe_li"
     "st><cpe>cpe:/o:redhat:enterprise_linux:9</cpe></affected_cpe_list></advisory"
     "></metadata><criteria operator=\"OR\"><criterion test_ref=\"t9\" comment=\"Red Ha"
     "t Enterprise Linux must be installed\"/><criteria operator=\"AND\"><criterion t"
     "est_ref=\"t9\" comment=\"Red Hat Enterprise Linux 9 is installed\"/><criterion t"
     "est_ref=\"t2\" comment=\"foo is installed\"/></criteria></criteria></definition>"
     "<definition id=\"oval:com.redhat.cve:def:4\" class=\"vulnerability\"><metadata><"
     "title>CVE-2024-1002 foo: x</title><affected><platform></platform></affected>"
     "<reference source=\"CVE\" ref_id=\"CVE-2024-1002\"/><advisory><severity>Moderate"
     "</severity><cve impact=\"low\">CVE-2024-1002</cve><affected><resolution state="
     "\"Affected\"><component>foo</component></resolution></affected><affected_cpe_l"
     "ist><cpe>cpe:/o:redhat:enterprise_linux:9</cpe></affected_cpe_list></advisor"
     "y></metadata><criteria operator=\"OR\"><criterion test_ref=\"t9\" comment=\"Red H"
     "at Enterprise Linux must be installed\"/><criteria operator=\"AND\"><criterion "
     "test_ref=\"t9\" comment=\"Red Hat Enterprise Linux 9 is installed\"/><criterion "
     "test_ref=\"t2\" comment=\"foo is installed\"/></criteria></criteria></definition"
     "><definition id=\"oval:com.redhat.unaffected:def:9\" class=\"vulnerability\"><me"
     "tadata><title>Unaffected components for: CVE-2024-1003 foo</title><affected>"
     "<platform></platform></affected><reference source=\"CVE\" ref_id=\"CVE-2024-100"
     "3\"/></metadata><criteria operator=\"OR\"><criterion test_ref=\"t9\" comment=\"Red"
     " Hat Enterprise Linux must be installed\"/><criteria operator=\"AND\"><criterio"
     "n test_ref=\"t9\" comment=\"Red Hat Enterprise Linux 9 is installed\"/><criterio"
     "n test_ref=\"t2\" comment=\"foo is installed\"/></criteria></criteria></definiti"
     "on></definitions><tests><l:rpminfo_test id=\"t1\"><l:object object_ref=\"o1\"/><"
     "l:state state_ref=\"s1\"/></l:rpminfo_test><l:rpminfo_test id=\"t2\"><l:object o"
     "bject_ref=\"o1\"/><l:state state_ref=\"s2\"/></l:rpminfo_test><l:rpminfo_test id"
     "=\"t3\"><l:object object_ref=\"o1\"/><l:state state_ref=\"s3\"/></l:rpminfo_test><"
     "/tests><objects><l:rpminfo_object id=\"o1\"><l:name>foo</l:name></l:rpminfo_ob"
     "ject></objects><states><l:rpminfo_state id=\"s1\"><l:arch operation=\"pattern m"
     "atch\">aarch64|x86_64|src</l:arch><l:evr operation=\"less than\">1:1.2-3.el9</l"
     ":evr></l:rpminfo_state><l:rpminfo_state id=\"s2\"><l:version operation=\"patter"
     "n match\">.*</l:version></l:rpminfo_state><l:rpminfo_state id=\"s3\"><l:signatu"
     "re_keyid>199e</l:signature_keyid></l:rpminfo_state></states><variables></var"
     "iables></oval_definitions>",
     "binary foo rhel/9/ CVE-2024-1001 fixed < 1:1.2-3.el9 {aarch64} {x86_64} {foo:1}\n"
     "binary foo rhel/9/ CVE-2024-1002 will-not-fix (Will not fix)\n"
     "binary foo rhel/9/ CVE-2024-1002 end-of-life (Out of support scope)\n"
     "binary foo rhel/9/ CVE-2024-1002 under-investigation (Under investigation)\n"
     "binary foo rhel/9/ CVE-2024-1002 deferred (Fix deferred)\n"
     "binary foo rhel/9/ CVE-2024-1002 affected (Affected)\n"
     "binary foo rhel/9/ CVE-2024-1003 not-affected (not affected)\n"},
    {"azure-oval", "cbl-mariner-2.0-oval.xml",
     "<?xml version=\"1.0\"?><oval_definitions xmlns:l=\"urn:l\"><generator><schema_ve"
     "rsion>5.11</schema_version><timestamp>2024-01-02T03:04:05</timestamp></gener"
     "ator><definitions><definition id=\"oval:com.microsoft.cbl-mariner:def:1\" clas"
     "s=\"vulnerability\"><metadata><title>CVE-2024-1001 affecting package foo</titl"
     "e><affected><platform></platform></affected><reference source=\"CVE\" ref_id=\""
     "CVE-2024-1001\"/><patchable>true</patchable></metadata><criteria operator=\"AN"
     "D\"><criterion test_ref=\"t1\" comment=\"Package foo is earlier than 1.2-3, affe"
     "cted by CVE-2024-1001\"/></criteria></definition><definition id=\"oval:com.mic"
     "rosoft.cbl-mariner:def:2\" class=\"vulnerability\"><metadata><title>CVE-2024-10"
     "02 affecting package foo</title><affected><platform></platform></affected><r"
     "eference source=\"CVE\" ref_id=\"CVE-2024-1002\"/><patchable>false</patchable></"
     "metadata><criteria operator=\"AND\"><criterion test_ref=\"t2\" comment=\"x\"/></cr"
     "iteria></definition></definitions><tests><l:rpminfo_test id=\"t1\"><l:object o"
     "bject_ref=\"o1\"/><l:state state_ref=\"s1\"/></l:rpminfo_test><l:rpminfo_test id"
     "=\"t2\"><l:object object_ref=\"o1\"/><l:state state_ref=\"s2\"/></l:rpminfo_test><"
     "/tests><objects><l:rpminfo_object id=\"o1\"><l:name>foo</l:name></l:rpminfo_ob"
     "ject></objects><states><l:rpminfo_state id=\"s1\"><l:evr operation=\"less than\""
     ">0:1.2-3.cm2</l:evr></l:rpminfo_state><l:rpminfo_state id=\"s2\"><l:evr operat"
     "ion=\"less than or equal\">0:1.1-1.cm2</l:evr></l:rpminfo_state></states><vari"
     "ables></variables></oval_definitions>",
     "source foo mariner/2.0/ CVE-2024-1001 fixed < 1.2-3.cm2\n"
     "source foo mariner/2.0/ CVE-2024-1002 affected <= 1.1-1.cm2\n"},
    {"suse-oval", "suse.linux.enterprise.15-affected.xml",
     "<?xml version=\"1.0\"?><oval_definitions xmlns:l=\"urn:l\"><generator><schema_ve"
     "rsion>5.11</schema_version><timestamp>2024-01-02T03:04:05</timestamp></gener"
     "ator><definitions><definition id=\"oval:org.opensuse.security:def:1\" class=\"v"
     "ulnerability\"><metadata><title>CVE-2024-1001</title><affected><platform></pl"
     "atform></affected><reference source=\"CVE\" ref_id=\"Mitre CVE-2024-1001\"/></me"
     "tadata><criteria operator=\"OR\"><criteria operator=\"AND\"><criteria operator=\""
     "OR\"><criterion test_ref=\"t9\" comment=\"SUSE Linux Enterprise Desktop 15 SP4 i"
     "s installed\"/><criterion test_ref=\"t9\" comment=\"SUSE Linux Enterprise Server"
     " 15 SP4 is installed\"/><criterion test_ref=\"t9\" comment=\"SUSE Linux Enterpri"
     "se Server 15 SP3-LTSS is installed\"/></criteria><criteria operator=\"OR\"><cri"
     "terion test_ref=\"t1\" comment=\"foo-1.2-3 is installed\"/></criteria></criteria"
     "><criteria operator=\"AND\"><criteria operator=\"OR\"><criterion test_ref=\"t9\" c"
     "omment=\"SUSE Linux Enterprise Desktop 15 SP4 is installed\"/></criteria><crit"
     "erion test_ref=\"t1\" comment=\"foo-1.2-3 is installed\"/></criteria><criteria o"
     "perator=\"AND\"><criterion test_ref=\"t9\" comment=\"openSUSE Leap 15.6 is instal"
     "led\"/><criterion test_ref=\"t7\" comment=\"bar is affected\"/><criterion test_re"
     "f=\"t7\" comment=\"baz is not affected\"/></criteria></criteria></definition></d"
     "efinitions><tests><l:rpminfo_test id=\"t1\"><l:object object_ref=\"o1\"/><l:stat"
     "e state_ref=\"s1\"/></l:rpminfo_test></tests><objects><l:rpminfo_object id=\"o1"
     "\"><l:name>foo</l:name></l:rpminfo_object></objects><states><l:rpminfo_state "
     "id=\"s1\"><l:arch operation=\"pattern match\">(aarch64|x86_64)</l:arch><l:evr op"
     "eration=\"less than\">0:1.2-3</l:evr></l:rpminfo_state></states><variables></v"
     "ariables></oval_definitions>",
     "binary foo sles/15.4/ CVE-2024-1001 fixed < 1.2-3 {aarch64} {x86_64}\n"
     "binary foo sles/15.3/ltss CVE-2024-1001 fixed < 1.2-3 {aarch64} {x86_64}\n"
     "binary bar opensuse-leap/15.6/ CVE-2024-1001 affected\n"
     "binary baz opensuse-leap/15.6/ CVE-2024-1001 not-affected\n"},
    {"redhat-vex", "cve-2024-1001.json",
     "{\"document\":{\"category\":\"csaf_vex\",\"csaf_version\":\"2.0\",\"publisher\":{\"namesp"
     "ace\":\"https://www.redhat.com\"},\"tracking\":{\"id\":\"CVE-2024-1001\"}},\"product_t"
     "ree\":{\"branches\":[{\"product\":{\"product_id\":\"AS9\",\"product_identification_hel"
     "per\":{\"cpe\":\"cpe:/a:redhat:enterprise_linux:9::appstream\"}}},{\"product\":{\"pr"
     "oduct_id\":\"EUS\",\"product_identification_helper\":{\"cpe\":\"cpe:/a:redhat:rhel_e"
     "us:9.2::appstream\"}}},{\"product\":{\"product_id\":\"OCP\",\"product_identification"
     "_helper\":{\"cpe\":\"cpe:/a:redhat:openshift:4\"}}},{\"product\":{\"product_id\":\"mod"
     "\",\"product_identification_helper\":{\"purl\":\"pkg:rpmmod/redhat/foo@18:9040:rhe"
     "l9\"}}},{\"product\":{\"product_id\":\"foo-x\",\"product_identification_helper\":{\"pu"
     "rl\":\"pkg:rpm/redhat/foo@1.2-3.el9?arch=x86_64&epoch=1\"}}},{\"product\":{\"produ"
     "ct_id\":\"foo-a\",\"product_identification_helper\":{\"purl\":\"pkg:rpm/redhat/foo@1"
     ".2-3.el9?arch=aarch64&epoch=1\"}}},{\"product\":{\"product_id\":\"foo-s\",\"product_"
     "identification_helper\":{\"purl\":\"pkg:rpm/redhat/foo@1.2-3.el9?arch=src&epoch="
     "1\"}}},{\"product\":{\"product_id\":\"bar\",\"product_identification_helper\":{\"purl\""
     ":\"pkg:rpm/redhat/bar\"}}},{\"product\":{\"product_id\":\"baz\",\"product_identificat"
     "ion_helper\":{\"purl\":\"pkg:rpm/redhat/baz\"}}},{\"product\":{\"product_id\":\"qux\",\""
     "product_identification_helper\":{\"purl\":\"pkg:rpm/redhat/qux\"}}}],\"relationshi"
     "ps\":[{\"full_product_name\":{\"product_id\":\"AS9:mod\"},\"product_reference\":\"mod\""
     ",\"relates_to_product_reference\":\"AS9\"},{\"full_product_name\":{\"product_id\":\"A"
     "S9:mod:foo-x\"},\"product_reference\":\"foo-x\",\"relates_to_product_reference\":\"A"
     "S9:mod\"},{\"full_product_name\":{\"product_id\":\"AS9:mod:foo-a\"},\"product_refere"
     "nce\":\"foo-a\",\"relates_to_product_reference\":\"AS9:mod\"},{\"full_product_name\":"
     "{\"product_id\":\"AS9:mod:foo-s\"},\"product_reference\":\"foo-s\",\"relates_to_produ"
     "ct_reference\":\"AS9:mod\"},{\"full_product_name\":{\"product_id\":\"EUS:foo-x\"},\"pr"
     "oduct_reference\":\"foo-x\",\"relates_to_product_reference\":\"EUS\"},{\"full_produc"
     "t_name\":{\"product_id\":\"OCP:foo-x\"},\"product_reference\":\"foo-x\",\"relates_to_p"
     "roduct_reference\":\"OCP\"},{\"full_product_name\":{\"product_id\":\"AS9:bar\"},\"prod"
     "uct_reference\":\"bar\",\"relates_to_product_reference\":\"AS9\"},{\"full_product_na"
     "me\":{\"product_id\":\"AS9:baz\"},\"product_reference\":\"baz\",\"relates_to_product_r"
     "eference\":\"AS9\"},{\"full_product_name\":{\"product_id\":\"AS9:qux\"},\"product_refe"
     "rence\":\"qux\",\"relates_to_product_reference\":\"AS9\"}]},\"vulnerabilities\":[{\"cv"
     "e\":\"CVE-2024-1001\",\"product_status\":{\"fixed\":[\"AS9:mod:foo-x\",\"AS9:mod:foo-a"
     "\",\"AS9:mod:foo-s\",\"EUS:foo-x\",\"OCP:foo-x\"],\"known_affected\":[\"AS9:bar\",\"AS9:"
     "baz\"],\"known_not_affected\":[\"AS9:qux\"]},\"flags\":[{\"label\":\"vulnerable_code_n"
     "ot_present\",\"product_ids\":[\"AS9:qux\"]}],\"remediations\":[{\"category\":\"no_fix_"
     "planned\",\"details\":\"Will not fix\",\"product_ids\":[\"AS9:bar\"]},{\"category\":\"no"
     "ne_available\",\"details\":\"Fix deferred\",\"product_ids\":[\"AS9:baz\"]}]}]}",
     "binary foo rhel/9/ CVE-2024-1001 fixed < 1:1.2-3.el9 {x86_64} {aarch64} {foo:18}\n"
     "binary foo rhel/9/eus-9.2 CVE-2024-1001 fixed < 1:1.2-3.el9 {x86_64}\n"
     "binary bar rhel/9/ CVE-2024-1001 will-not-fix (Will not fix)\n"
     "binary baz rhel/9/ CVE-2024-1001 deferred (Fix deferred)\n"
     "binary qux rhel/9/ CVE-2024-1001 not-affected (vulnerable_code_not_present)\n"},
    {"suse-vex", "cve-2024-1001.json",
     "{\"document\":{\"category\":\"csaf_vex\",\"csaf_version\":\"2.0\",\"publisher\":{\"namesp"
     "ace\":\"https://www.suse.com/\"},\"tracking\":{\"id\":\"CVE-2024-1001\"}},\"product_tr"
     "ee\":{\"branches\":[{\"product\":{\"product_id\":\"SUSE Linux Enterprise Server 15 S"
     "P4\",\"product_identification_helper\":{\"cpe\":\"cpe:/o:suse:sles:15:sp4\"}}}],\"re"
     "lationships\":[{\"full_product_name\":{\"product_id\":\"SUSE Linux Enterprise Serv"
     "er 15 SP4:lib-foo-1.2+git.3-150400.1.2.x86_64\"},\"product_reference\":\"lib-foo"
     "-1.2+git.3-150400.1.2.x86_64\",\"relates_to_product_reference\":\"SUSE Linux Ent"
     "erprise Server 15 SP4\"},{\"full_product_name\":{\"product_id\":\"SUSE Linux Enter"
     "prise Server 15 SP4:bar\"},\"product_reference\":\"bar\",\"relates_to_product_refe"
     "rence\":\"SUSE Linux Enterprise Server 15 SP4\"}]},\"vulnerabilities\":[{\"cve\":\"C"
     "VE-2024-1001\",\"product_status\":{\"recommended\":[\"SUSE Linux Enterprise Server"
     " 15 SP4:lib-foo-1.2+git.3-150400.1.2.x86_64\"],\"known_not_affected\":[\"SUSE Li"
     "nux Enterprise Server 15 SP4:bar\"]}}]}",
     "binary lib-foo sles/15.4/ CVE-2024-1001 fixed < 1.2+git.3-150400.1.2 {x86_64}\n"
     "binary bar sles/15.4/ CVE-2024-1001 not-affected\n"},
};

static void check(const struct sample *s)
{
    struct buf out scoped(buf_release) = {0};
    struct feed_counts counts = {0};
    struct feed_sink sink = {put_line, &out, "test", &counts};
    struct error err = {0};
    const struct feed_format *format = feed_format_find(s->format);
    assert_non_null(format);
    if (!feed_parse_bytes(format, slice_of(s->text), s->name, &sink, &err))
        fail_msg("%s: %s", s->format, err.text);
    assert_string_equal(buf_text(&out), s->lines);
    const struct feed_format *guess = feed_format_guess(slice_of(s->text), s->name);
    assert_non_null(guess);
    assert_string_equal(guess->name, s->format);
}

TEST(every_format_is_read_as_its_vendor_means_it)
{
    for (size_t i = 0; i < array_count(samples); i++)
        check(&samples[i]);
}

/* Cut anywhere, no format answers with less than the whole and says that all is well, save where
 * what is left is whole by itself. */
TEST(a_cut_document_is_refused)
{
    for (size_t i = 0; i < array_count(samples); i++) {
        const struct sample *s = &samples[i];
        char first = s->text[0];
        if (first != '{' && first != '[' && first != '<')
            continue; /* text and YAML: a prefix may be a document */
        if (strcmp(s->format, "debian-lists") == 0)
            continue;
        size_t length = strlen(s->text);
        for (size_t cut = 1; cut < length; cut += 1 + length / 40) {
            struct buf out scoped(buf_release) = {0};
            struct feed_counts counts = {0};
            struct feed_sink sink = {put_line, &out, "test", &counts};
            struct error err = {0};
            struct slice text = {s->text, cut};
            assert_false(feed_parse_bytes(feed_format_find(s->format), text, s->name, &sink, &err));
            assert_int_equal(err.kind, ERROR_INPUT);
        }
    }
}

static const struct {
    const char *format, *name, *text, *words;
} refused[] = {
    {"nvd", "nvd.json", "{\"format\":\"NVD_CVE\",\"version\":\"3.0\",\"vulnerabilities\":[]}",
     "schema version"},
    {"cve", "CVE-2024-1001.json", "{\"dataVersion\":\"6.0\"}", "schema version"},
    {"wolfi-advisories", "a.advisories.yaml", "schema-version: 3.0\npackage: {name: a}\n",
     "schema version"},
    {"debian-oval", "o.xml",
     "<oval_definitions><generator><schema_version>6.0</schema_version></generator>"
     "</oval_definitions>",
     "schema version"},
    {"redhat-vex", "c.json", "{\"document\":{\"csaf_version\":\"3.0\"}}", "CSAF version"},
    {"ubuntu-vex", "c.json", "{\"@context\":\"elsewhere\"}", "not OpenVEX"},
    {"osv-yaml", "a.yaml", "id: &a X\naffected: *a\n", "anchors"},
    {"rustsec", "crates/a/RUSTSEC-1.md", "# X\n", "no TOML"},
    {"rustsec", "crates/a/RUSTSEC-1.md", "```toml\n[advisory]\nid = \"a\nb\"\n```\n", "line 3"},
    {"rustsec", "crates/a/RUSTSEC-1.md", "```toml\n[[advisory]]\n```\n", "arrays of tables"},
    {"ghsa-csv", "advisories-npm.csv", "CVE-2024-1001,\"open", "row 1"},
    {"fedora-updateinfo", "updateinfo.xml",
     "<!DOCTYPE u [<!ENTITY a \"b\">]><updates><update><id>&a;</id></update></updates>", "entity"},
};

TEST(another_schema_is_refused_with_its_version)
{
    for (size_t i = 0; i < array_count(refused); i++) {
        struct buf out scoped(buf_release) = {0};
        struct feed_counts counts = {0};
        struct feed_sink sink = {put_line, &out, "test", &counts};
        struct error err = {0};
        assert_false(feed_parse_bytes(feed_format_find(refused[i].format),
                                      slice_of(refused[i].text), refused[i].name, &sink, &err));
        if (!strstr(err.text, refused[i].words))
            fail_msg("%s: %s", refused[i].format, err.text);
    }
}

TEST(every_source_has_a_format_and_every_format_a_source)
{
    size_t count, part_count;
    const struct advisory_source *sources = advisory_sources(&count);
    const struct advisory_source_part *parts = advisory_source_parts(&part_count);
    for (size_t i = 0; i < count; i++) {
        if (!feed_format_find(sources[i].format))
            fail_msg("%s: no format %s", sources[i].name, sources[i].format);
        const struct feed_format *format = feed_format_find(sources[i].format);
        if (!advisory_source_find(format->source))
            fail_msg("%s: no source %s", format->name, format->source);
    }
    for (size_t i = 0; i < part_count; i++)
        assert_non_null(advisory_source_find(parts[i].source));
    assert_non_null(advisory_source_find("alpine-secdb:v3.20-main"));
}

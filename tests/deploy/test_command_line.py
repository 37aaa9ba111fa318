"""`resole` at first use: each command's help, and one clear line with the right exit code for what is missing."""

import http.server
import json
import os
import re
import subprocess
import threading

import pytest

OBJECTS = ["images", "findings", "patches", "applications", "teams", "usage", "subscriptions", "alerts", "registries",
           "runs", "sources", "parked", "tokens"]
ALONE = ["inventory", "patch", "rebase", "version", "scan", "explain", "advisory", "doctor"]
NOBODY = "http://127.0.0.1:1"  # nothing listens there


@pytest.fixture
def resole(build, tmp_path):
    def run(*arguments, **settings):
        plain = {k: v for k, v in os.environ.items() if not k.startswith("RESOLE_")}
        return subprocess.run([f"{build}/bin/resole", *arguments], capture_output=True, text=True, check=False, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=tmp_path,
                              env={**plain, "HOME": str(tmp_path), "RESOLE_ADVISORY_DIR": f"{tmp_path}/advisories", **settings})
    return run


def verbs_of(resole, name):
    """(verb, operands it must have, takes any number more) as the object's help says."""
    rows = []
    for line in resole(name, "--help").stdout.splitlines():
        found = re.match(rf"  resole {name} ([a-z]+)(.*?)  +\S", line)
        if found:
            words = re.sub(r"--.*", "", re.sub(r"\[.*?\]", "", found[2]))
            rows.append((found[1], len(words.split()), "…" in words))
    return rows


def test_the_whole_help_names_every_command(resole):
    done = resole("--help")
    assert done.returncode == 0 and done.stderr == ""
    assert set(re.findall(r"^  ([a-z]+) ", done.stdout, re.MULTILINE)) == set(OBJECTS + ALONE)
    for said in ("RESOLE_GATEWAY_URL", "RESOLE_TOKEN", "70 a bug"):
        assert said in done.stdout
    assert resole("-h").stdout == resole("help").stdout == done.stdout
    nothing = resole()
    assert nothing.returncode == 2 and nothing.stdout == "" and nothing.stderr == done.stdout


@pytest.mark.parametrize("name", ALONE + OBJECTS)
def test_each_command_has_its_help(resole, name):
    done = resole(name, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"usage: resole {name} ") or done.stdout == f"usage: resole {name}\n"
    assert "resole resole" not in done.stdout
    assert resole(name, "-h").stdout == resole("help", name).stdout == done.stdout


@pytest.mark.parametrize("name", OBJECTS)
def test_each_verb_has_its_help_and_takes_what_it_says(resole, name):
    rows = verbs_of(resole, name)
    assert rows
    for verb, needed, endless in rows:
        shown = resole(name, verb, "--help")
        assert shown.returncode == 0 and shown.stdout.startswith(f"usage: resole {name} {verb}"), verb
        if needed:
            short = resole(name, verb, *["1"] * (needed - 1), RESOLE_GATEWAY_URL=NOBODY)
            assert short.returncode == 2 and "something is missing; usage: resole" in short.stderr, verb
            assert one_line(short)
        if not endless:
            long = resole(name, verb, *["1"] * (needed + 2), RESOLE_GATEWAY_URL=NOBODY)
            assert long.returncode == 2 and "1 is too much; usage: resole" in long.stderr, verb
        unset = resole(name, verb, *["1"] * needed)
        assert unset.returncode == 2 and "RESOLE_GATEWAY_URL is not set" in unset.stderr, verb
        assert one_line(unset)


def one_line(done):
    return done.stdout == "" and done.stderr.startswith("resole: ") and done.stderr.count("\n") == 1


WRONG = [
    # arguments, exit code, what the line must say
    (["nonsense"], 2, "see `resole --help`"),
    (["images", "nonsense"], 2, "images has no verb nonsense; see `resole images --help`"),
    (["images", "rollback", "last"], 2, "last: not a number"),
    (["images", "list", "-o", "poem"], 2, "no such format; there are: table json"),
    (["images", "list", "-o", "json=file"], 2, "goes to stdout alone"),
    (["scan"], 2, "see `resole scan --help`"),
    (["scan", "dir:/", "-o", "poem"], 2, "poem: no such format; see `resole scan --help`"),
    (["scan", "dir:/", "--fail-on", "doom"], 2, "critical high medium low negligible"),
    (["scan", "/no/such"], 3, "/no/such: No such file or directory"),
    (["scan", "oci:/no/such:1"], 3, "/no/such: No such file or directory"),
    (["scan", "127.0.0.1:1/demo:1"], 4, "Couldn't connect"),
    (["inventory"], 2, "see `resole inventory --help`"),
    (["inventory", "one", "two"], 2, "takes one IMAGE"),
    (["inventory", "dir:/", "-o", "poem"], 2, "poem: no such format; see `resole inventory --help`"),
    (["patch", "oci:x:1"], 2, "--to REF or --dry-run; see `resole patch --help`"),
    (["patch", "oci:x:1", "--dry-run", "-o", "poem"], 2, "there are: table json"),
    (["rebase", "oci:x:1"], 2, "--onto NEW_BASE"),
    (["rebase", "oci:x:1", "--onto", "oci:y:1", "--dry-run", "-o", "poem"], 2, "there are: table json"),
    (["explain"], 2, "see `resole explain --help`"),
    (["explain", "CVE-2024-1"], 2, "in which IMAGE?"),
    (["advisory"], 2, "status, import, export, sync"),
    (["advisory", "nonsense"], 2, "advisory has no verb nonsense"),
    (["advisory", "status", "debian"], 2, "takes no debian"),
    (["advisory", "sync", "debian"], 2, "takes no debian (a source is named by --source)"),
    (["advisory", "sync", "--source", "debian"], 2, "`resole advisory status` names them"),
    (["advisory", "import"], 2, "which FILE?"),
    (["advisory", "import", "/no/such"], 3, "/no/such: No such file or directory"),
    (["advisory", "export"], 2, "takes one FILE"),
    (["version"], 2, "usage: resole version compare"),
    (["version", "compare", "deb", "1"], 2, "two versions, or --batch"),
    (["version", "compare", "cobol", "1", "2"], 2, "no ecosystem cobol; there are: deb rpm apk"),
    (["version", "compare", "deb", "a b", "1"], 3, "is not a version of deb"),
    (["doctor", "please"], 2, "takes no please"),
]


@pytest.mark.parametrize("arguments, code, said", WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_what_is_wrong_is_one_line_and_a_code(resole, arguments, code, said):
    done = resole(*arguments, RESOLE_GATEWAY_URL=NOBODY)
    assert done.returncode == code, done.stderr
    assert said in done.stderr and one_line(done), done.stderr


def test_a_server_that_is_not_there_is_named_with_its_setting(resole):
    done = resole("images", "list", RESOLE_GATEWAY_URL=NOBODY)
    assert done.returncode == 4 and one_line(done)
    assert f"gateway {NOBODY} (RESOLE_GATEWAY_URL): " in done.stderr


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "nonsense"])
def test_an_address_that_is_none_is_a_wrong_setting(resole, url):
    done = resole("images", "list", RESOLE_GATEWAY_URL=url)
    assert done.returncode == 2 and one_line(done)
    assert f"RESOLE_GATEWAY_URL is no http or https address: {url}" in done.stderr


@pytest.fixture
def gateway():
    """Answers as the gateway does: 401 without the token, 403 for /v1/tokens, 503 for /v1/runs."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.split("?")[0]
            status = 401 if self.headers["Authorization"] != "Bearer good" else {"/v1/tokens": 403, "/v1/runs": 503}.get(path, 200)
            body = {"items": []} if status == 200 else {"title": "no", "status": status, "detail": f"said so: {path}"}
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("token, code, said", [
    (None, 2, "RESOLE_TOKEN is not set: the gateway at "),
    ("", 2, "RESOLE_TOKEN is not set: the gateway at "),
    ("bad", 2, "does not know this token"),
])
def test_a_missing_or_unknown_token_is_a_wrong_setting(resole, gateway, token, code, said):
    settings = {} if token is None else {"RESOLE_TOKEN": token}
    done = resole("images", "list", RESOLE_GATEWAY_URL=gateway, **settings)
    assert done.returncode == code and one_line(done), done.stderr
    assert said in done.stderr and "`resole tokens add`" in done.stderr
    assert "bad" not in done.stderr.replace("bad input", ""), "a token is never shown"


def test_what_the_gateway_refuses_is_said_in_its_words(resole, gateway):
    good = {"RESOLE_GATEWAY_URL": gateway, "RESOLE_TOKEN": "good"}
    assert resole("images", "list", **good).returncode == 0
    refused = resole("tokens", "list", **good)
    assert refused.returncode == 3 and "said so: /v1/tokens (403)" in refused.stderr
    unwell = resole("runs", "list", **good)
    assert unwell.returncode == 4 and "503" in unwell.stderr


def test_doctor_says_what_to_mend(resole):
    alone = resole("doctor")
    assert alone.returncode == 0 and "RESOLE_GATEWAY_URL is not set: not checked" in alone.stdout
    far = resole("doctor", RESOLE_GATEWAY_URL=NOBODY)
    assert far.returncode == 4 and "BAD  gateway" in far.stdout
    wrong = resole("doctor", RESOLE_GATEWAY_URL="nonsense")
    assert wrong.returncode == 4 and "no http or https address" in wrong.stdout
    nowhere = resole("doctor", RESOLE_PROGRAMS_DIR="/no/such")
    assert nowhere.returncode == 4 and "set RESOLE_PROGRAMS_DIR" in nowhere.stdout

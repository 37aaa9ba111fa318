"""run_pytest.py OUT [ARGUMENT…]: every pytest of the project, two files at a time (each with a Kafka and a
PostgreSQL of its own: they wait more than they work), then the failed ones once more, alone.

A test that passes the second time is printed as FLAKY and does not fail the run. Counts go to
OUT/counts, one line as tests/run reads it."""

import os
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WHOLE_RUN_S = int(os.environ.get("RESOLE_PYTEST_S", "2200"))


def run(out, name, arguments):
    report = os.path.join(out, f"pytest-{name}.xml")
    if os.path.exists(report):
        os.unlink(report)
    command = [
        sys.executable, "-m", "pytest", "-q", "-ra", "--color=no", "--durations=12",
        "-o", f"cache_dir={out}/pytest-cache", f"--junitxml={report}", "--timeout=420",
        *arguments,
    ]
    try:
        code = subprocess.run(command, cwd=ROOT, timeout=WHOLE_RUN_S, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"pytest did not end within {WHOLE_RUN_S} s")
        code = 70
    return code, read(report)


def read(report):
    """(passed, failed, skipped) test ids."""
    if not os.path.exists(report):
        return set(), set(), set()
    passed, failed, skipped = set(), set(), set()
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif case.find("skipped") is not None:
            skipped.add(name)
        else:
            passed.add(name)
    return passed - failed, failed, skipped


def main():
    out, arguments = sys.argv[1], sys.argv[2:]
    code, (passed, failed, skipped) = run(out, "first", ["-n", "2", "--dist", "loadfile", *(arguments or ["tests"])])
    if code == 1 and failed:
        print(f"\n{len(failed)} failed; these once more, alone")
        code, (again, still, _) = run(
            out, "second", (arguments or ["tests"]) + ["--last-failed", "--last-failed-no-failures", "none"])
        for name in sorted(failed & again):
            print(f"FLAKY {name}: passed when run again")
        if code in (0, 1):
            passed, failed = passed | (failed & again), (failed - again) | still
    if code not in (0, 5) and not failed:
        failed = {f"pytest itself (exit {code})"}
    for name in sorted(failed):
        print(f"FAILED {name}")
    with open(os.path.join(out, "counts"), "a", encoding="utf-8") as counts:
        counts.write(f"pytest\t{len(passed)}\t{len(failed)}\n")
    if skipped:
        print(f"{len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""versions: ECO.{cmp,range,valid,norm}.tsv, answered by the C tool version_check."""
import os
import subprocess

from result import read_table


def ask(build, questions):
    tool = os.path.join(build, "tests", "version_check")
    text = "".join("\t".join(q) + "\n" for q in questions)
    done = subprocess.run([tool], input=text.encode(), stdout=subprocess.PIPE, check=False)
    return done.stdout.decode().split("\n")[:-1]


def cases(kind, eco, fields):
    """question, case name, wanted"""
    if kind == "cmp":
        a, op, b = fields[:3]
        return [kind, eco, a, b], "%s %s" % (a, b), op
    if kind == "range":
        options = fields[3] if len(fields) > 3 else ""
        return [kind, eco, fields[0], fields[1], options], " | ".join([fields[0], fields[1], options]), fields[2]
    if kind == "valid":
        what = fields[2] if len(fields) > 2 else ""
        return [kind, eco, fields[0], what], "%s %s" % (fields[0], what), fields[1]
    return [kind, eco, fields[0]], fields[0], "!" if fields[1] == "<error>" else fields[1]


def run(folder, build, results):
    for name in sorted(os.listdir(folder)):
        eco, _, kind = name[:-4].rpartition(".")
        if not name.endswith(".tsv") or kind not in ("cmp", "range", "valid", "norm"):
            continue
        rows = [cases(kind, eco, fields) for fields in read_table(os.path.join(folder, name))]
        answers = ask(build, [r[0] for r in rows])
        if len(answers) != len(rows):
            results.fail("%s.%s" % (eco, kind), "tool", "%d answers" % len(rows), len(answers))
            continue
        for (_, case, wanted), came in zip(rows, answers):
            results.check("%s.%s" % (eco, kind), case, wanted, came)

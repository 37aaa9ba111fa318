"""What a topic's cases came to: counts per group, failing cases, the disputed ones set aside."""
import contextlib
import os
import traceback
from collections import OrderedDict


def read_table(path):
    """The lines of a table as lists of raw fields; comments and empty lines left out."""
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            if line.strip("\n") and not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


class Results:
    def __init__(self, topic, root, verbose=False):
        self.topic, self.verbose = topic, verbose
        self.groups = OrderedDict()
        self.failed = self.set_aside = 0
        self.not_claimed = {}
        self.disputed = {}
        path = os.path.join(root, "tests", "data", "disputed.tsv")
        if os.path.exists(path):
            for fields in read_table(path):
                if len(fields) >= 3 and fields[0] == topic:
                    self.disputed[fields[1]] = fields[2]

    def _group(self, group):
        return self.groups.setdefault(group, [0, 0])

    def check(self, group, case, wanted, came):
        """One case; equal values pass."""
        if wanted == came:
            self._group(group)[0] += 1
            self._group(group)[1] += 1
            return True
        return self.fail(group, case, wanted, came)

    def fail(self, group, case, wanted, came):
        name = "%s/%s" % (group, case)
        self._group(group)[1] += 1
        if name in self.disputed:
            self.set_aside += 1
            self._group(group)[0] += 1
            if self.verbose:
                print("disputed %s %s: %s" % (self.topic, name, self.disputed[name]))
            return True
        self.failed += 1
        if self.verbose:
            print("FAIL %s %s\n  wanted %s\n  came   %s" % (self.topic, name, wanted, came))
        return False

    @contextlib.contextmanager
    def guard(self, group, case):
        """What the runner itself does not survive is a failing case, and the others go on."""
        try:
            yield
        except Exception:
            self.fail(group, case, "a case that can be run", traceback.format_exc())

    def skip(self, kind):
        """A kind of file that names no installed thing: counted, not run."""
        self.not_claimed[kind] = self.not_claimed.get(kind, 0) + 1

    def report(self, known=0):
        for group, (passed, total) in self.groups.items():
            print("%s %s passed %d of %d" % (self.topic, group, passed, total))
        for kind in sorted(self.not_claimed):
            print("%s not claimed %s (%d)" % (self.topic, kind, self.not_claimed[kind]))
        if self.set_aside:
            print("%s: %d disputed, see tests/data/disputed.tsv" % (self.topic, self.set_aside))
        if self.failed and self.failed <= known:
            print("%s: KNOWN TO FAIL: %d cases (at most %d allowed)" % (self.topic, self.failed, known))
            return True
        if self.failed:
            print("%s: %d FAILED" % (self.topic, self.failed))
        if not self.groups:
            print("%s: nothing was run" % self.topic)
        return self.failed == 0 and bool(self.groups)

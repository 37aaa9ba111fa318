"""labels.tsv: findings of real images that people judged true or false, against what `resole scan` says.

The labels name packages and versions only; what an image's reader would know (distribution, release,
source packages) is told from the versions and from package databases of the corpora. The advisories are
the feeds that lie beside the corpora (or RESOLE_ADVISORY_DIR): a label is judged only where one of them
speaks of its package. Printed, not scored: feeds and labels are of different days."""
import collections
import glob
import json
import os
import re
import subprocess
import tempfile
import urllib.parse

# Which libc a release has tells it apart; Alpine by its busybox.
LIBC = {"debian": {"2.13": "7", "2.19": "8", "2.24": "9", "2.28": "10", "2.31": "11", "2.36": "12", "2.41": "13"},
        "ubuntu": {"2.15": "12.04", "2.19": "14.04", "2.21": "15.10", "2.23": "16.04", "2.24": "17.04", "2.26": "17.10",
                   "2.27": "18.04", "2.28": "18.10", "2.29": "19.04", "2.30": "19.10", "2.31": "20.04", "2.32": "20.10",
                   "2.33": "21.04", "2.34": "21.10", "2.35": "22.04", "2.36": "22.10", "2.37": "23.04", "2.38": "23.10",
                   "2.39": "24.04"}}
BUSYBOX = {"1.23.2": "3.2", "1.24.1": "3.3", "1.24.2": "3.4", "1.25.1": "3.5", "1.26.2": "3.6", "1.27.2": "3.7",
           "1.28.4": "3.8", "1.29.3": "3.9", "1.30.1": "3.10", "1.31.1": "3.12", "1.32.1": "3.13", "1.33.1": "3.14",
           "1.34.1": "3.15", "1.35.0": "3.17", "1.36.1": "3.19", "1.37.0": "3.21"}
# What a version says of who built it, the most particular first.
MARKS = [(r"ubuntu", "ubuntu", ""), (r"[+~]deb(\d+)u", "debian", r"\1"), (r"\.amzn(\d+)", "amzn", r"\1"),
         (r"\.azl(\d)", "azurelinux", r"\1.0"), (r"\.cm(\d)", "mariner", r"\1.0"), (r"\.fc(\d+)", "fedora", r"\1"),
         (r"(?:\.|_)el(\d+)", "rhel", r"\1"), (r"-r\d+$", "alpine", "")]
NAMED = [("oracle", "ol"), ("alma", "almalinux"), ("rocky", "rocky"), ("suse", "sles")]
NATIVE = {"apt", "dpkg", "adduser", "base-files", "base-passwd", "debconf", "debianutils", "libapt-pkg5.0", "libapt-pkg6.0",
          "libapt-pkg4.12", "apt-transport-https", "systemd", "perl-base"}  # versions without a revision
# Binary packages that no release of today has.
FORMER = {"libpcre3": "pcre3", "multiarch-support": "glibc", "libgcc1": "gcc-8", "gcc-8-base": "gcc-8", "gcc-5-base": "gcc-5",
          "libcrypto1.0": "openssl", "libssl1.0": "openssl", "libcrypto1.1": "openssl", "ssl_client": "busybox",
          "busybox-binsh": "busybox", "musl-utils": "musl", "bsdutils": "util-linux", "login": "shadow", "passwd": "shadow"}
TYPES = {"debian": "deb", "ubuntu": "deb", "alpine": "apk"}
# Facts, samples, and what says the same as another file.
SKIPPED_FEEDS = ("kev/", "epss/", "eol/", "labels/", "fixtures/", "licenses", "nvd/vulnrichment", "nvd/golang",
                 "nvd/nvd-data", "debian/support", "debian/oval", "osv/rustsec-md", "osv/ghsa-csv", "wolfi/security")
LANGUAGES = ["npm", "pypi", "gem", "nuget", "composer", "cargo"]
CAUSES_SHOWN = 10


class Label:
    def __init__(self, line):
        self.image, self.name, self.version, reported, effective, self.word = line.rstrip("\n").split("\t")[:6]
        self.version = self.version.removeprefix("0:")
        self.ids = {reported, effective} - {""}
        self.where = None  # ecosystem
        self.package = None


def read_labels(path):
    with open(path, encoding="utf-8") as file:
        labels = [Label(line) for line in file if not line.startswith("#")]
    return [l for l in labels if l.word in ("TP", "FP") and l.name and l.version and l.ids]


def distribution_of(image, labels):
    """→ (distribution, release), release "" where nothing tells it."""
    found = collections.Counter()
    for label in labels:
        for mark, distro, release in MARKS:
            told = re.search(mark, label.version)
            if told:
                found[distro, told.expand(release)] += 1
                break
    if not found:
        return None
    distro = collections.Counter({d: sum(n for (x, _), n in found.items() if x == d) for d, _ in found}).most_common(1)[0][0]
    release = max(((n, r) for (d, r), n in found.items() if d == distro and r), default=(0, ""))[1]
    release = release_by_libc(distro, labels) or release
    named = next((d for word, d in NAMED if word in image), None)
    return (named if named and distro == "rhel" else distro), release


def release_by_libc(distro, labels):
    for label in labels:
        if label.name in ("libc6", "libc-bin") and distro in LIBC:
            known = LIBC[distro].get(re.sub(r"^\d+:", "", label.version).split("-")[0])
            if known:
                return known
        if distro == "alpine" and label.name in ("busybox", "ssl_client") and label.version.split("-")[0] in BUSYBOX:
            return BUSYBOX[label.version.split("-")[0]]
    return None


def stem(name):
    """libssl1.1 and libssl3 are built from the same source."""
    return re.sub(r"[-\d.]+[a-z]?\d*$", "", name)


def sources_known(corpora):
    """Binary → source package, from every dpkg database of the corpora and of this machine."""
    found, stems = {}, {}
    paths = ["/var/lib/dpkg/status"] + sorted(glob.glob(os.path.join(corpora, "pkgdb", "**", "status"), recursive=True))
    for path in filter(os.path.isfile, paths):
        with open(path, encoding="utf-8", errors="replace") as file:
            for stanza in file.read().split("\n\n"):
                name = re.search(r"^Package: (\S+)", stanza, re.M)
                source = re.search(r"^Source: (\S+)", stanza, re.M)
                if name:
                    built_from = source[1] if source else name[1]
                    found.setdefault(name[1], built_from)
                    stems.setdefault(stem(name[1]), built_from)
    found.update(FORMER)
    return found, stems


def distribution_purl(label, distro, release, sources):
    kind = TYPES.get(distro, "rpm")
    # An rpm without a release part, a deb without a revision where all others have one: not the distribution's.
    native = label.name in sources[0] or label.name in NATIVE
    if "-" not in label.version and not (kind == "deb" and native) or not re.fullmatch(r"[\w+.-]+", label.name):
        return None
    version, epoch = label.version, ""
    if kind == "rpm" and ":" in version:
        epoch, version = version.split(":", 1)
    source = sources[0].get(label.name) or sources[1].get(stem(label.name)) if kind != "rpm" else None
    query = {"distro": "%s-%s" % (distro, release)}
    if epoch:
        query["epoch"] = epoch
    if source:
        query["upstream"] = source
    return "pkg:%s/%s/%s@%s?%s" % (kind, distro, urllib.parse.quote(label.name), urllib.parse.quote(version),
                                   urllib.parse.urlencode(query))


def language_purls(label, known):
    version = urllib.parse.quote(label.version)
    if ":" in label.name:
        return ["pkg:maven/%s@%s" % (urllib.parse.quote(label.name.replace(":", "/")), version)]
    if label.name == "stdlib" or "/" in label.name and "." in label.name.split("/")[0]:
        return ["pkg:golang/%s@%s" % (label.name, version)]
    kinds = [kind for kind in LANGUAGES if label.name.lower() in known.get(kind, ())]
    return ["pkg:%s/%s@%s" % (kinds[0], urllib.parse.quote(label.name, safe="/@"), version)] if len(kinds) == 1 else []


def sbom_of(purls, distro, release, path):
    components = [{"type": "library", "bom-ref": str(i), "name": re.split("[/@]", p)[-2], "purl": p}
                  for i, p in enumerate(purls)]
    if distro:
        components.insert(0, {"type": "operating-system", "bom-ref": "os", "name": distro, "version": release,
                              "properties": [{"name": "resole:os:id", "value": distro},
                                             {"name": "resole:os:version_id", "value": release}]})
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}, file)


def scan(program, path, environment):
    done = subprocess.run([program, "scan", "sbom:" + path, "-o", "json", "--all"], env=environment, check=False,
                          capture_output=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise RuntimeError("scan of an SBOM: %s" % done.stderr.decode(errors="replace")[-500:]) from None


def load_feeds(program, corpora, place):
    """The environment of a scan with every feed beside the corpora, or None."""
    given = os.environ.get("RESOLE_ADVISORY_DIR")
    environment = dict(os.environ, RESOLE_REPOSITORIES_FILE="/dev/null", RESOLE_ADVISORY_DIR=given or place)
    manifest = os.path.join(os.path.dirname(os.path.abspath(corpora)), "feeds", "MANIFEST.tsv")
    if given:
        return environment
    if not os.path.exists(manifest):
        return None
    with open(manifest, encoding="utf-8") as file:
        paths = [line.split("\t")[0] for line in list(file)[1:]]
    for path in paths:
        if not path.startswith(SKIPPED_FEEDS):
            subprocess.run([program, "advisory", "import", "--force", os.path.join(os.path.dirname(manifest), path)],
                           env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return environment


def cause_of(label, findings):
    """Why a true one is missing: what the advisories say of the package instead."""
    own = [f for f in findings if bare(f["package"]["purl"]) in map(bare, label.purls)]
    said = [f for f in own if label.ids & {f["vulnerability"], *f["aliases"]}]
    if said:
        return "the source says %s" % said[0]["state"]
    return "other records of the package, none of this id" if own else "no record of the package"


def bare(purl):
    """Without what a reader may add."""
    return urllib.parse.unquote(purl.split("?")[0])


class Count:
    def __init__(self):
        self.found, self.missed, self.false, self.right = 0, 0, 0, 0


def judge_image(image, labels, tools, table, causes):
    program, environment, sources, place, names = tools
    where = distribution_of(image, labels)
    purls = []
    for label in labels:
        label.where, label.purls = None, []
        if where and where[1]:
            purl = distribution_purl(label, *where, sources)
            if purl:
                label.where, label.purls = "%s %s" % where, [purl]
        if not label.purls:
            label.purls = language_purls(label, names)
            label.where = "language packages" if label.purls else None
        purls += label.purls
    if not purls:
        return
    path = os.path.join(place, "image.cdx.json")
    sbom_of(sorted(set(purls)), *(where or (None, None)), path)
    findings = scan(program, path, environment)["findings"]
    hits = {(bare(f["package"]["purl"]), i) for f in findings if f["state"] not in ("not-affected", "unknown")
            for i in [f["vulnerability"], *f["aliases"]]}
    for label in labels:
        if not label.where:
            continue
        hit = any((bare(p), i) in hits for p in label.purls for i in label.ids)
        count = table[label.where]
        if label.word == "TP":
            count.found += hit
            count.missed += not hit
        else:
            count.false += hit
            count.right += not hit
        if label.word == "TP" and not hit:
            causes[label.where, "missed", cause_of(label, findings)].append(label)
        elif label.word == "FP" and hit:
            causes[label.where, "false", "people say otherwise"].append(label)


def share(part, rest):
    return "%5.1f %%" % (100.0 * part / (part + rest)) if part + rest else "      -"


def without_feed(table, causes):
    """A release of whose packages no record speaks at all: nothing to judge by."""
    missing = {}
    for where, count in list(table.items()):
        losses = {why: labels for (w, _, why), labels in causes.items() if w == where}
        if not count.found and not count.false and set(losses) <= {"no record of the package"}:
            missing[where] = count.missed + count.right
            table.pop(where)
            causes.pop((where, "missed", "no record of the package"), None)
    return missing


def report(table, causes, unjudged):
    missing = without_feed(table, causes)
    for where, c in sorted(table.items(), key=lambda item: -(item[1].found + item[1].missed)):
        print("replay labels %-22s recall %s (%d of %d)  precision %s  false ones left out %s" % (
            where, share(c.found, c.missed), c.found, c.found + c.missed, share(c.found, c.false), share(c.right, c.false)))
    for (where, kind, why), labels in sorted(causes.items(), key=lambda item: -len(item[1]))[:CAUSES_SHOWN]:
        sample = labels[0]
        print("replay labels loss %5d %s: %s, %s (%s %s %s)" % (len(labels), where, kind, why, sample.name, sample.version,
                                                             sorted(sample.ids)[0]))
    if missing:
        print("replay labels not judged, no feed of the release: %s" % ", ".join(
            "%s (%d)" % item for item in sorted(missing.items(), key=lambda item: -item[1])))
    print("replay labels not judged, nothing tells their distribution or ecosystem: %d" % unjudged)


def known_names(corpora):
    """Names of language packages that a feed speaks of, by type: a label does not say its ecosystem."""
    out = collections.defaultdict(set)
    folder = os.path.join(os.path.dirname(os.path.abspath(corpora)), "feeds", "osv")
    for path in glob.glob(os.path.join(folder, "*.tar.zst")):
        text = subprocess.run(["tar", "-xOf", path], capture_output=True, check=False).stdout.decode(errors="replace")
        for ecosystem, name in re.findall(r'"ecosystem": *"([^":]+)"[^{}]{0,80}"name": *"([^"]+)"', text):
            out[ecosystem.lower()].add(name.lower())
        for name, ecosystem in re.findall(r'"name": *"([^"]+)"[^{}]{0,80}"ecosystem": *"([^":]+)"', text):
            out[ecosystem.lower()].add(name.lower())
        out["gem"] |= {n.lower() for n in re.findall(r"^gem: *(\S+)", text, re.M)}
        out["pypi"] |= {n.lower() for n in re.findall(r"ecosystem: PyPI\n *name: *(\S+)|name: *(\S+)\n *ecosystem: PyPI",
                                                      text) for n in n if n}
    out["cargo"], out["composer"] = out.pop("crates.io", set()), out.pop("packagist", set())
    return out


def run(corpora, build):
    path = os.path.join(corpora, "replay", "labels.tsv")
    program = os.path.join(build, "bin", "resole")
    if not os.path.exists(path) or not os.path.exists(program):
        return
    images = collections.defaultdict(list)
    for label in read_labels(path):
        images[label.image].append(label)
    with tempfile.TemporaryDirectory() as place:
        environment = load_feeds(program, corpora, os.path.join(place, "advisory"))
        if environment is None:
            print("replay labels: no feeds beside the corpora, and no RESOLE_ADVISORY_DIR")
            return
        tools = (program, environment, sources_known(corpora), place, known_names(corpora))
        table, causes = collections.defaultdict(Count), collections.defaultdict(list)
        for image, labels in images.items():
            judge_image(image, labels, tools, table, causes)
        report(table, causes, sum(not label.where for labels in images.values() for label in labels))

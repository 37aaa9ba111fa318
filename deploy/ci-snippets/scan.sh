#!/bin/sh
# scan.sh IMAGE [OPTION…]: what the snippets beside this file run. Leaves resole.sarif, resole.junit.xml, resole.html and
# resole.cdx.json in the working directory, prints the table, and exits as `resole scan` does: 0 nothing against it,
# 1 the gate failed, 3 bad input, 4 the network, 5 the answer is not known (advisory data missing or too old, or nobody
# rated a finding that the gate asks about).
# RESOLE: the program. RESOLE_FAIL_ON: severity (high). RESOLE_POLICY: a policy file. RESOLE_ADVISORY_BUNDLE_URL: a mirror's
# bundle, RESOLE_ADVISORY_TRUST_FILE: the key that must have signed it; RESOLE_OFFLINE=1: the data are there already.
set -eu
image=${1:?usage: scan.sh IMAGE [OPTION…]}
shift
resole=${RESOLE:-resole}
if [ -z "${RESOLE_OFFLINE:-}" ]; then
    # One source that does not answer must not stop the build: the scan says what it lacks.
    "$resole" advisory sync || echo "some advisory data were not refreshed" >&2
fi
[ -z "${RESOLE_POLICY:-}" ] || set -- --policy "$RESOLE_POLICY" "$@"
exec "$resole" scan "$image" --fail-on "${RESOLE_FAIL_ON:-high}" \
    -o table -o sarif=resole.sarif -o junit=resole.junit.xml -o html=resole.html -o cyclonedx-json=resole.cdx.json "$@"

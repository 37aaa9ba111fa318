# Every part of deploy/lib, in order.
# shellcheck shell=bash
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for file in common install build ports parts postgres kafka registry workers images api story; do
    # shellcheck source=/dev/null
    . "$LIB/$file.sh"
done

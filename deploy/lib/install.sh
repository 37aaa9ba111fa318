# Debian's packages: only what is missing, and nothing of the machine starts because of it.
# shellcheck shell=bash

# packages LIST…: the names in the files, without comments.
packages() { sed 's/#.*//' "$@" | tr -s ' \t\n' '\n' | grep . | sort -u; }

missing_packages() {
    local name there
    there=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' 2>/dev/null) "
    for name in $(packages "$@"); do
        case $there in *" $name=installed "*) ;; *) echo "$name" ;; esac
    done
}

# The links by which units and init scripts start at boot.
boot_links() { find "$MACHINE"/etc/systemd/system "$MACHINE"/etc/rc?.d -type l 2>/dev/null | sort; }

# Services that an installation enabled are disabled again: they are ours to start, privately.
disable_new_services() {
    local before=$1 link name
    boot_links | comm -13 "$before" - | while read -r link; do
        case $link in
        */rc?.d/S*)
            name=${link##*/S??}
            update-rc.d "$name" disable >/dev/null 2>&1 || true
            ;;
        *.wants/*.service | *.wants/*.socket) rm -f "$link" ;;
        esac
    done
}

# A private CA that this machine's environment names is given to Java too, which has a store of its own.
java_trust() {
    local bundle=${SSL_CERT_FILE:-${CURL_CA_BUNDLE:-}}
    [ -n "$bundle" ] && [ -f "$bundle" ] || return 0
    command -v keytool >/dev/null || return 0
    local store=$STATE/etc/java-truststore.p12
    if [ ! -s "$store" ] || [ "$bundle" -nt "$store" ]; then
        local part count=0
        part=$(mktemp -d)
        awk -v dir="$part" '/BEGIN CERT/{n++} n{print > (dir "/" n ".pem")}' "$bundle"
        # Java's own store is made of the same public roots; only what it lacks is worth the time.
        cp /etc/ssl/certs/java/cacerts "$store.new" 2>/dev/null || rm -f "$store.new"
        local known pem print
        known=$(keytool -list -keystore "$store.new" -storepass changeit 2>/dev/null | tr -d ':' || true)
        for pem in "$part"/*.pem; do
            print=$(openssl x509 -in "$pem" -noout -fingerprint -sha256 2>/dev/null | sed 's/.*=//; s/://g')
            [ -n "$print" ] || continue
            case $known in *"$print"*) continue ;; esac
            keytool -importcert -noprompt -alias "resole-$print" -file "$pem" \
                -keystore "$store.new" -storepass changeit >/dev/null 2>&1 && count=$((count + 1))
        done
        rm -rf "$part"
        [ -f "$store.new" ] || return 0
        mv "$store.new" "$store"
        [ $count = 0 ] || say "  $count certificates of $bundle are known to Maven now"
    fi
    export MAVEN_OPTS="${MAVEN_OPTS:-} -Djavax.net.ssl.trustStore=$store -Djavax.net.ssl.trustStorePassword=changeit"
}

MACHINE=${MACHINE:-} # the root that is changed; a test has another

# install_packages LIST…: says what and how much first.
install_packages() {
    local list
    mapfile -t list < <(missing_packages "$@")
    if [ ${#list[@]} = 0 ]; then
        say "  every Debian package needed is installed"
        return 0
    fi
    say "  reading the package lists of this machine's mirrors"
    apt-get -o Acquire::Retries=3 update >>"$STATE/log/apt.log" 2>&1 ||
        fail "this machine's package mirrors cannot be read (apt-get update)" "$STATE/log/apt.log"
    local plan
    # --assume-no yields to a -y anywhere before it, in a configuration too: nothing is installed by a question.
    plan=$(LC_ALL=C apt-get --no-install-recommends --download-only -o APT::Get::Assume-Yes=false --assume-no \
        install "${list[@]}" 2>/dev/null </dev/null |
        grep -E 'newly installed|Need to get|disk space' || true)
    say "  to install from Debian: ${list[*]}" | fold -s -w 100
    [ -n "$plan" ] && sed 's/^/  /' <<<"$plan"
    say "  about two minutes on a usual line, then ten for the build and the images"

    local links deny=$MACHINE/usr/sbin/policy-rc.d kept= cluster=$MACHINE/etc/postgresql-common/createcluster.d
    links=$(mktemp)
    boot_links >"$links"
    [ -e "$deny" ] && kept=$(mktemp) && cp -p "$deny" "$kept"
    printf '#!/bin/sh\nexit 101\n' >"$deny"
    chmod 755 "$deny"
    mkdir -p "$cluster"
    printf '# No cluster of the machine: Resole makes its own.\ncreate_main_cluster = false\n' \
        >"$cluster/resole.conf"

    local good=yes
    DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends -o Acquire::Retries=3 \
        -o Dpkg::Options::=--force-confold install "${list[@]}" >>"$STATE/log/apt.log" 2>&1 </dev/null || good=no

    rm -f "$deny"
    [ -n "$kept" ] && mv "$kept" "$deny"
    rm -f "$cluster/resole.conf"
    disable_new_services "$links"
    rm -f "$links"
    [ $good = yes ] || fail "apt-get install" "$STATE/log/apt.log"
}

# docker-registry is one program: taken out of its package, so that its service never exists here.
install_registry() {
    REGISTRY_PROGRAM=$(command -v docker-registry || true)
    [ -n "$REGISTRY_PROGRAM" ] && return 0
    REGISTRY_PROGRAM=$STATE/registry/program/usr/bin/docker-registry
    [ -x "$REGISTRY_PROGRAM" ] && return 0
    mkdir -p "$STATE/registry/program"
    local dir
    dir=$(mktemp -d)
    chmod 755 "$dir"
    (cd "$dir" && logged apt apt-get -o Acquire::Retries=3 -o APT::Sandbox::User=root download docker-registry)
    dpkg-deb -x "$dir"/docker-registry_*.deb "$STATE/registry/program"
    rm -rf "$dir"
}

# maven FILE TARGET: every jar that the pom names goes to TARGET.
maven_jars() {
    local stamp=$2/.complete
    [ -e "$stamp" ] && [ ! "$1" -nt "$stamp" ] && return 0
    mkdir -p "$2"
    local try
    for try in 1 2 3; do
        if mvn -q -B -f "$1" -Dmaven.repo.local="$STATE/cache/maven" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$2" >>"$STATE/log/maven.log" 2>&1; then
            touch "$stamp"
            return 0
        fi
        say "  maven did not finish (try $try of 3)"
        java_trust
    done
    fail "mvn dependency:copy-dependencies for ${1#"$ROOT"/}" "$STATE/log/maven.log"
}

make_user() {
    id "$RESOLE_USER" >/dev/null 2>&1 ||
        useradd --system --no-create-home --home-dir "$STATE" --shell /usr/sbin/nologin "$RESOLE_USER"
}

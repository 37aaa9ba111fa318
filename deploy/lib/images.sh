# Three real images, each a layer on the one below: the machine's own Debian release without its
# security suite, a JRE and Tomcat on it, an application on that. Nothing is mounted to make them, so
# that they can be made (and their roots removed) without rights over mounts.
# shellcheck shell=bash
IMAGES=$STATE/images
INNER_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# The machine's own package sources, as "address suite component…": what apt would use, with whatever
# mirror the machine has. debian_sources base|security|all
debian_sources() {
    local codename
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(SUITE) $(CODENAME) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
        awk -v codename="$codename" -v which="$1" '
            $NF == "Debian" && $5 == "main" {
                secure = ($2 == codename "-security")
                plain = ($2 == codename || $2 == codename "-updates")
                if ((which != "base" && secure) || (which != "security" && plain))
                    print $1, $2, $5
            }' | sort -u
}

source_lines() { debian_sources "$1" | sed 's/^/deb /'; }

keep_services_off() {
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    # Java's packages look for /proc; with their library path set they work without.
    printf '#!/bin/sh\nexit 0\n' >"$1/usr/local/bin/mountpoint"
    chmod 755 "$1/usr/sbin/policy-rc.d" "$1/usr/local/bin/mountpoint"
}
services_as_before() { rm -f "$1/usr/sbin/policy-rc.d" "$1/usr/local/bin/mountpoint"; }

# inside ROOT COMMAND…: chroot with an environment of our own.
inside() {
    local root=$1 java=/usr/lib/jvm/java-17-openjdk-$(dpkg --print-architecture)/lib
    shift
    chroot "$root" env -i PATH="$INNER_PATH" HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        LD_LIBRARY_PATH="$java:$java/server" "$@"
}

remove_root() { [ ! -e "$1" ] || rm -rf --one-file-system "$1"; }

make_os_image() {
    local bundle=$IMAGES/work-os tar=$IMAGES/os.tar
    umoci_has os && return 0
    remove_root "$bundle"
    logged images mmdebstrap --mode=root --variant=minbase --include=ca-certificates \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" "${tar%.tar}-new.tar" "${BASE_SOURCES[@]}"
    mv "${tar%.tar}-new.tar" "$tar"
    [ -d "$IMAGES/oci" ] || logged images umoci init --layout "$IMAGES/oci"
    logged images umoci new --image "$IMAGES/oci:os-work"
    logged images umoci unpack --image "$IMAGES/oci:os-work" "$bundle"
    tar --numeric-owner --xattrs -xpf "$tar" -C "$bundle/rootfs"
    rm -f "$tar"
    # What an image of this release would have: its sources, the security suite among them.
    local root=$bundle/rootfs
    rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
    { source_lines base; source_lines security; } >"$root/etc/apt/sources.list"
    finish_image "$bundle" os "os image" --config.cmd bash --os linux \
        --architecture "$(dpkg --print-architecture)" --config.env "PATH=$INNER_PATH"
}

# finish_image BUNDLE TAG COMMENT CONFIG…: what changed below the bundle's root becomes a layer.
finish_image() {
    local bundle=$1 tag=$2 comment=$3
    shift 3
    logged images umoci repack --image "$IMAGES/oci:$tag-work" --history.comment "$comment" "$bundle"
    logged images umoci config --image "$IMAGES/oci:$tag-work" --tag "$tag" "$@"
    remove_root "$bundle"
}

umoci_has() { [ -d "$IMAGES/oci" ] && umoci list --layout "$IMAGES/oci" 2>/dev/null | grep -x "$1" >/dev/null; }

make_stack_image() {
    local bundle=$IMAGES/work-stack root
    umoci_has stack && return 0
    remove_root "$bundle"
    logged images umoci unpack --image "$IMAGES/oci:os" "$bundle"
    root=$bundle/rootfs
    mv "$root/etc/apt/sources.list" "$IMAGES/sources.kept"
    printf '%s\n' "${BASE_SOURCES[@]}" >"$root/etc/apt/sources.list"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    keep_services_off "$root"
    logged images inside "$root" apt-get -q -o Acquire::Retries=3 update
    logged images inside "$root" apt-get -q -y --no-install-recommends -o Acquire::Retries=3 \
        -o DPkg::Path="$INNER_PATH" install openjdk-17-jre-headless tomcat10
    services_as_before "$root"
    rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
        "$root/etc/resolv.conf"
    mv "$IMAGES/sources.kept" "$root/etc/apt/sources.list"
    finish_image "$bundle" stack "JRE and Tomcat" --config.env CATALINA_HOME=/usr/share/tomcat10 \
        --config.env CATALINA_BASE=/var/lib/tomcat10 --config.exposedports 8080/tcp \
        --config.cmd /usr/share/tomcat10/bin/catalina.sh --config.cmd run
}

make_application_image() {
    local bundle=$IMAGES/work-application war=$IMAGES/war
    umoci_has application && return 0
    remove_root "$bundle"
    rm -rf "$war"
    maven_jars "$ROOT/deploy/demo/pom.xml" "$STATE/cache/demo-jars"
    mkdir -p "$war/WEB-INF/lib"
    cp "$STATE"/cache/demo-jars/*.jar "$war/WEB-INF/lib/"
    cp "$ROOT/deploy/demo/index.html" "$war/"
    rm -f "$IMAGES/shop.war"
    (cd "$war" && zip -q -r -X "$IMAGES/shop.war" .)
    logged images umoci unpack --image "$IMAGES/oci:stack" "$bundle"
    cp "$IMAGES/shop.war" "$bundle/rootfs/var/lib/tomcat10/webapps/shop.war"
    finish_image "$bundle" application "the shop" --config.label org.opencontainers.image.title=shop
    rm -rf "$war"
}

make_images() {
    # Each stands on the one before: the last is there when all are.
    umoci_has application && return 0
    mapfile -t BASE_SOURCES < <(source_lines base)
    [ ${#BASE_SOURCES[@]} -gt 0 ] ||
        fail "apt knows no Debian source of this release (apt-get indextargets shows none): run apt-get update"
    make_os_image
    make_stack_image
    make_application_image
}

# push_image TAG-IN-LAYOUT REPOSITORY:TAG
push_image() {
    logged images skopeo copy -q --dest-tls-verify=false "oci:$IMAGES/oci:$1" "docker://127.0.0.1:$REGISTRY_PORT/$2"
}

# The main job as it happens, with the real figures. Every figure is asked of the gateway.
# shellcheck shell=bash
REGISTRY_ADDRESS=127.0.0.1:$REGISTRY_PORT

register() {
    api POST /v1/registries "$(jq -nc --arg address "$REGISTRY_ADDRESS" --arg secret "$(secret registry-events)" \
        --arg name "$REGISTRY_NAME" '{name: $name, kind: "distribution", address: $address, plain_http: true,
            private_ok: true, event_secret: $secret}')" >/dev/null
    api POST /v1/teams '{"team": "shop"}' >/dev/null
    api POST /v1/teams '{"team": "platform"}' >/dev/null
    api POST /v1/applications "{\"application\": \"shop\", \"team\": \"shop\", \"repositories\": [\"$REGISTRY_NAME/demo/shop\"]}" >/dev/null
    # A registration that is there already is no failure.
    api POST /v1/subscriptions '{"team": "shop", "channel": "kafka"}' >/dev/null 2>&1 || true
}

# digest_in_registry REPOSITORY:TAG
digest_in_registry() {
    skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY_ADDRESS/$1"
}

# show_image NAME DIGEST: packages by tier, then findings.
show_image() {
    # Its packages are composed when it is matched.
    await 300 "$1 inventoried" '.state == "matched" or ((.packages_by_tier // {}) | length > 0)' "/v1/images/$2"
    say "  $1  $(jq -r '.packages_by_tier | to_entries | sort_by(.key) | map("\(.key) \(.value)") | join(", ")' <<<"$ANSWER") packages"
}

findings_line() {
    jq -r '.counters // {} | "critical \(.critical // 0), high \(.high // 0), medium \(.medium // 0), low \(.low // 0), unknown \(.unknown // 0); fixable \(.fixable // 0); verdict: \(.verdict // "unknown")"'
}

show_findings() {
    await 300 "$1 judged" '.state == "matched"' "/v1/images/$2"
    say "  $1  $(findings_line <<<"$ANSWER")"
}

# The war's jar: judged by a record of our own where no source can be loaded, and shown as such.
JAR_FINDINGS='[.items[] | select(.package.name | test("commons-text"))]'
show_jar() {
    api GET "/v1/images/${1:-$SHOP_DIGEST}/findings?tier=application" | jq -r "$JAR_FINDINGS[] |"'
        "    \(.package.name | sub(".*[:/]"; "")) \(.package.version) in its .war: \(.vulnerability), \(.severity), fixed in \(.fixed_version // "-"); said by: " +
        ([.sources[] | if . == "demo" then "demo (a record of our own)" else . end] | join(", "))'
}

show_sources() {
    local sources
    sources=$(api GET /v1/sources | jq -r '.items[] | select(.enabled) | "\(.state)\t\(.source)"')
    say "  loaded: $(awk -F '\t' '$1 == "fresh" {printf "%s ", $2}' <<<"$sources")"
    say "  unknown, because not loaded: $(awk -F '\t' '$1 != "fresh" {sub(":.*", "", $2); if (!seen[$2]++) printf "%s ", $2}' <<<"$sources")"
}

# The story so far can be told only as far as this build has programs for it.
needs() {
    local name
    for name in "$@"; do
        if ! has_worker "$name"; then
            say "  the story ends here: resole-$name is not in this build"
            STORY_ENDS=yes
            return 1
        fi
    done
}

tell_push() {
    step "Three images are pushed"
    register
    push_image os demo/debian:12
    push_image stack demo/tomcat:10
    push_image application demo/shop:1
    OS_DIGEST=$(digest_in_registry demo/debian:12)
    STACK_DIGEST=$(digest_in_registry demo/tomcat:10)
    SHOP_DIGEST=$(digest_in_registry demo/shop:1)
    say "  $REGISTRY_ADDRESS/demo/debian:12, demo/tomcat:10, demo/shop:1"
    api POST /v1/usage "{\"application\": \"shop\", \"team\": \"shop\", \"environment\": \"production\", \"place\": \"this machine\", \"digest\": \"$SHOP_DIGEST\"}" >/dev/null

    step "What is in them"
    needs fetcher unpacker matcher || return 0
    show_image demo/debian:12 "$OS_DIGEST"
    show_image demo/tomcat:10 "$STACK_DIGEST"
    show_image demo/shop:1 "$SHOP_DIGEST"
}

tell_findings() {
    step "What is wrong with them"
    needs matcher || return 0
    await 300 "Debian's own indices loaded" \
        '[.items[] | select(.source | startswith("apt:"))] | length > 0 and all(.state == "fresh")' /v1/sources
    await 300 "the demonstration's own record loaded" '[.items[] | select(.source == "demo" and .state == "fresh")] | length > 0' /v1/sources
    await 300 "demo/tomcat:10 judged by them" '(.counters.fixable // 0) > 0' "/v1/images/$STACK_DIGEST"
    show_findings demo/debian:12 "$OS_DIGEST"
    show_findings demo/tomcat:10 "$STACK_DIGEST"
    await 300 "the jar of demo/shop:1 judged" "$JAR_FINDINGS | length > 0" "/v1/images/$SHOP_DIGEST/findings?tier=application"
    show_findings demo/shop:1 "$SHOP_DIGEST"
    show_jar
    show_sources
}

tell_patch() {
    step "The stack image is patched"
    needs patch-builder || return 0
    api POST /v1/images/manage "{\"registry\": \"$REGISTRY_NAME\", \"repository\": \"demo/debian\", \"tag\": \"12\", \"kind\": \"os\", \"policy\": \"never\", \"team\": \"platform\"}" >/dev/null
    api POST /v1/images/manage "{\"registry\": \"$REGISTRY_NAME\", \"repository\": \"demo/tomcat\", \"tag\": \"10\", \"kind\": \"stack\", \"policy\": \"auto\", \"rebase_policy\": \"ask\", \"team\": \"platform\"}" >/dev/null
    await 600 "a patch of demo/tomcat:10" \
        "[.items[] | select(.old_digest == \"$STACK_DIGEST\" and (.state == \"announced\" or .state == \"refused\" or .state == \"not-better\"))] | length > 0" \
        "/v1/patches?digest=$STACK_DIGEST"
    PATCH=$(jq -r "[.items[] | select(.old_digest == \"$STACK_DIGEST\")][0].id" <<<"$ANSWER")
    ANSWER=$(api GET "/v1/patches/$PATCH")
    if [ "$(jq -r .state <<<"$ANSWER")" != announced ]; then
        jq -r '"  patch \(.id) is \(.state): \(.rule // "") \(.reason // "")"' <<<"$ANSWER"
        fail "the stack image was not patched" "$STATE/log/patch-builder.log"
    fi
    jq -r '"  \(.reference): \(.packages | length) packages, \((.bytes // 0) / 1048576 * 10 | round / 10) MiB, class \(.class // "unknown")",
        (.packages[:8][] | "    \(.name) \(.old // .from // .old_version // "-") → \(.new // .to // .new_version // "-")"),
        (if (.packages | length) > 8 then "    … and \((.packages | length) - 8) more" else empty end),
        "  fixes \(.fixed | length): \([.fixed[:6][] | if type == "object" then (.vulnerability // .id) else . end] | join(", "))\(if (.fixed | length) > 6 then " …" else "" end)",
        "  remain \(.remaining | length)"' <<<"$ANSWER"
}

tell_alert() {
    step "The team is told and asked"
    needs notifier || return 0
    await 300 "an alert to team shop about the patch" '[.items[] | select(.kind == "patch")] | length > 0' "/v1/alerts?team=shop&kind=patch"
    jq -r '[.items[] | select(.kind == "patch")][-1] | "  to team \(.team), by \(.channel): \(.body.title // .body.details.title // "a patch is available")", "  alert \(.id), \(.state)"' <<<"$ANSWER"

    step "resole patches approve $PATCH --application shop"
    local consent
    consent=$(api GET "/v1/patches/$PATCH" | jq -r '[.consents[] | select(.application == "shop")][0].state // "asked"')
    if [ "$consent" != applied ] && [ "$consent" != approved ]; then
        if ! resole_cli patches approve "$PATCH" --application shop >"$STATE/log/approve.log" 2>&1; then
            fail "consent was not taken" "$STATE/log/approve.log"
        fi
    fi
    await 600 "the application on its new base" '[.consents[] | select(.application == "shop" and .state == "applied")] | length > 0' "/v1/patches/$PATCH"
    REBASED=$(jq -r '[.consents[] | select(.application == "shop" and .state == "applied")][0].reference' <<<"$ANSWER")
    REBASED_DIGEST=$(jq -r '[.consents[] | select(.application == "shop" and .state == "applied")][0].new_digest' <<<"$ANSWER")
    say "  $REBASED is in the registry, $REBASED_DIGEST"
}

tell_difference() {
    step "Before and after"
    await 300 "the new application image judged" '.state == "matched"' "/v1/images/$REBASED_DIGEST"
    local before after
    before=$(api GET "/v1/images/$SHOP_DIGEST")
    after=$ANSWER
    say "  before  $(findings_line <<<"$before")"
    say "  after   $(findings_line <<<"$after")"
    show_jar "$REBASED_DIGEST"
    say "    (its own jar is the team's to replace: a new base does not change it)"
}

# The rebased application, unpacked by another tool and started as it is.
tell_tomcat() {
    step "The new application runs"
    local bundle=$IMAGES/run page java root pid
    root=$bundle/rootfs
    # Unpacked once, kept for the next run.
    if [ "$(cat "$bundle/.digest" 2>/dev/null)" != "$REBASED_DIGEST" ]; then
        remove_root "$bundle"
        rm -rf "$IMAGES/run-oci"
        logged images skopeo copy -q --src-tls-verify=false "docker://$REGISTRY_ADDRESS/${REBASED#*/}" "oci:$IMAGES/run-oci:run"
        logged images umoci unpack --image "$IMAGES/run-oci:run" "$bundle"
        rm -rf "$IMAGES/run-oci"
        cp "$root/etc/tomcat10/server.xml" "$bundle/server.xml"
        echo "$REBASED_DIGEST" >"$bundle/.digest"
    fi
    sed "s/port=\"8080\"/port=\"$TOMCAT_PORT\" address=\"127.0.0.1\"/; s/<Server port=\"8005\"/<Server port=\"-1\"/" "$bundle/server.xml" >"$root/etc/tomcat10/server.xml"
    java=$(cd "$root/usr/lib/jvm" && ls -d java-17-openjdk-* | head -n 1)
    java=/usr/lib/jvm/$java
    # No /proc in there: the loader is told where Java's own libraries lie.
    setsid chroot "$root" env -i PATH="$INNER_PATH" JAVA_HOME="$java" LD_LIBRARY_PATH="$java/lib:$java/lib/server" \
        CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=/var/lib/tomcat10 CATALINA_OPTS=-Xmx256m \
        /usr/share/tomcat10/bin/catalina.sh run </dev/null >"$STATE/log/tomcat.log" 2>&1 &
    pid=$!
    page="http://127.0.0.1:$TOMCAT_PORT/shop/"
    if ! wait_until 120 tomcat curl -fsS -o "$STATE/cache/page.html" "$page"; then
        kill -KILL -- "-$pid" 2>/dev/null || true
        fail "Tomcat does not answer at $page" "$STATE/log/tomcat.log"
    fi
    say "  Tomcat answers at $page: $(sed -n 's/.*<p>//p' "$STATE/cache/page.html" | head -n 1)"
    kill -TERM -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

tell_story() {
    local chapter
    STORY_ENDS=
    needs gateway || return 0
    for chapter in push findings patch alert difference tomcat; do
        "tell_$chapter"
        [ -z "$STORY_ENDS" ] || return 0
    done
    say ""
    say "The dashboard: $GATEWAY/ (user: any, password: the token in $STATE/etc/admin-token.secret)"
    say "Next: export RESOLE_GATEWAY_URL=$GATEWAY RESOLE_TOKEN=\$(cat $STATE/etc/admin-token.secret), then"
    say "  $STATE/bin/resole images list; push an image to $REGISTRY_ADDRESS; resole scan IMAGE"
}

# The programs: built in build/, then copied below the state directory, where an unprivileged user
# may read them whatever the clone's rights are.
# shellcheck shell=bash
build_programs() {
    if [ ! -f "$BUILD/build.ninja" ]; then
        logged build cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo
    fi
    logged build ninja -C "$BUILD" programs
    local program
    mkdir -p "$STATE/bin"
    for program in "$BUILD"/bin/*; do
        [ -f "$program" ] && [ -x "$program" ] || continue
        # A running program's file may not be written: beside, then renamed.
        cmp -s "$program" "$STATE/bin/${program##*/}" && continue
        cp "$program" "$STATE/bin/.new"
        chmod 755 "$STATE/bin/.new"
        mv "$STATE/bin/.new" "$STATE/bin/${program##*/}"
    done
}

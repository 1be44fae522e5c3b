#!/bin/sh
# ./dev image: a Debian 13 base, the image on top of it, and the demo in the image. Needs root, and no engine: buildah
# works in chroots. TSUNAGI_MIRROR names another Debian mirror than the default.
set -eu
cd "$(dirname "$0")/.."
BASE=localhost/debian:13
IMAGE=${1:-localhost/tsunagi:latest}

say() { printf '%s\n' "$*" >&2; }

make_base() {
    buildah images -q "$BASE" >/dev/null 2>&1 && return 0
    say "base $BASE"
    tar=$(mktemp --suffix=.tar)
    trap 'rm -f "$tar"' EXIT
    # shellcheck disable=SC2086 # no mirror given: no argument
    mmdebstrap --quiet --variant=minbase --include=ca-certificates trixie "$tar" ${TSUNAGI_MIRROR:-}
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$tar" / >/dev/null
    buildah commit --quiet --rm "$container" "$BASE" >/dev/null
}

build_image() {
    secrets=""
    [ -f "$HOME/.npmrc" ] && secrets="--secret id=npmrc,src=$HOME/.npmrc"
    [ -f "${NODE_EXTRA_CA_CERTS:-}" ] && secrets="$secrets --secret id=authorities,src=$NODE_EXTRA_CA_CERTS"
    # Docker's format: the other one has no place for a health check.
    # shellcheck disable=SC2086 # a list of options
    buildah bud --isolation chroot --format docker --layers $secrets \
        --ignorefile containers/ignore --file containers/Containerfile --tag "$IMAGE" .
}

# As the image's own user; the last line is the demo's report.
play_demo() {
    container=$(buildah from "$IMAGE")
    status=0
    buildah run --isolation chroot "$container" -- /usr/bin/tsunagi demo --json || status=$?
    buildah rm "$container" >/dev/null
    return $status
}

[ "$(id -u)" -eq 0 ] || { say "build.sh: run me as root"; exit 1; }
make_base
build_image
say "the demo, in the image"
play_demo
say "$IMAGE: the demo passed"

#!/usr/bin/env bash
# Downloads the programs that the `devices` benchmark compares with, and extracts them with the C library of their release.
#
#   fetch-peers.sh DIRECTORY
#
# The machine's apt configuration stays as it is: newer releases are read through a private state directory, from the mirror that the
# machine already uses. QEMU's own programs are those of the machine (qemu-system-common).
set -euo pipefail

die() { echo "fetch-peers: $*" >&2; exit 1; }

[[ $# -eq 1 ]] || die "usage: fetch-peers.sh DIRECTORY"
mkdir -p "$1"
directory=$(cd "$1" && pwd)
. "$(dirname "$0")/../../../samples/lib/suite.sh"

# fetch SUITE PACKAGE...
fetch() {
    local suite=$1 state
    shift
    mkdir -p "$directory/$suite"
    state=$(mktemp -d)
    suite_open "$suite" "$state"
    (cd "$state" && apt-get "${suite_options[@]}" -qq download "$@")
    for package in "$state"/*.deb; do
        dpkg-deb -x "$package" "$directory/$suite"
    done
    rm -rf "$state"
}

fetch trixie virtiofsd libc6 libcap-ng0 libseccomp2 libgcc-s1
fetch sid vhost-device-vsock libc6 libgcc-s1

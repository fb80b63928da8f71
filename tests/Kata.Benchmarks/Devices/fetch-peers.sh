#!/usr/bin/env bash
# Downloads the programs that the `devices` benchmark compares with, and extracts them with the C library of their release.
#
#   fetch-peers.sh DIRECTORY
#
# The machine's apt configuration stays as it is: newer releases are read through a private state directory, from the mirror that the
# machine already uses. QEMU's own programs are those of the machine (qemu-system-common, qemu-utils).
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: fetch-peers.sh DIRECTORY" >&2; exit 1; }
mkdir -p "$1"
directory=$(cd "$1" && pwd)
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | awk '$2 !~ /security/ { print $1; exit }')
[[ -n $mirror ]] || { echo "apt lists no Debian mirror: add one to the machine's apt sources." >&2; exit 1; }

fetch() {
    local suite=$1 state
    shift
    state=$(mktemp -d)
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/sources" "$directory/$suite"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$state/sources.list"
    local options=(
        -o "Dir::Etc::sourcelist=$state/sources.list" -o "Dir::Etc::sourceparts=$state/sources"
        -o "Dir::Etc::preferencesparts=$state/sources" -o "Dir::State::lists=$state/lists"
        -o "Dir::Cache::archives=$state/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
        -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
    )
    apt-get "${options[@]}" -qq update
    (cd "$state" && apt-get "${options[@]}" -qq download "$@")
    for package in "$state"/*.deb; do
        dpkg-deb -x "$package" "$directory/$suite"
    done
    rm -rf "$state"
}

fetch trixie virtiofsd libc6 libcap-ng0 libseccomp2 libgcc-s1
fetch sid vhost-device-vsock libc6 libgcc-s1

#!/usr/bin/env bash
# Downloads a Debian cloud kernel package with apt and prints the path of the .deb.
#
#   fetch-kernel.sh SUITE CACHE_DIR
#
# SUITE is a Debian suite: bookworm (kernel 6.1), trixie or bookworm-backports (6.12), sid (7.x).
# The newest kernel of that suite is fetched once into CACHE_DIR and found there afterwards;
# `--refresh` asks the mirror again. Progress goes to standard error, the path to standard output.
#
# The machine's apt configuration stays as it is: a suite that it does not list is read through a
# private state directory inside CACHE_DIR, from the mirror that the machine already uses.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
die() { say "fetch-kernel: $*"; exit 1; }

refresh=false
if [[ ${1-} == --refresh ]]; then refresh=true; shift; fi
[[ $# -eq 2 ]] || die "usage: fetch-kernel.sh [--refresh] SUITE CACHE_DIR"
suite=$1
cache=$2
[[ $suite =~ ^[a-z][a-z-]*$ ]] || die "'$suite' is not the name of a Debian suite."
. "$(dirname "$0")/suite.sh"

dir=$cache/$suite
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cached=$(find "$dir" -maxdepth 1 -name 'linux-image-*.deb' -print -quit)
if [[ -n $cached && $refresh == false ]]; then
    say "kernel package for $suite: ${cached##*/} (cached)"
    printf '%s\n' "$cached"
    exit 0
fi

state=$(mktemp -d "$dir/.apt.XXXXXX")
trap 'rm -rf "$state"' EXIT
say "reading the package list of $suite"
suite_open "$suite" "$state"
package=$(apt-cache "${suite_options[@]}" depends linux-image-cloud-amd64 |
    awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }') || true
[[ -n $package ]] || die "$suite has no cloud kernel for amd64."

say "downloading $package"
(cd "$state" && apt-get "${suite_options[@]}" -qq download "$package" >&2) || die "downloading $package failed."
# Since 7.x the kernel and its modules are packages of their own: put together, they are what they used to be.
parts=$(apt-cache "${suite_options[@]}" depends "$package" | awk '$1 == "Depends:" && $2 ~ /^linux-(binary|modules)-/ { print $2 }')
if [[ -n $parts ]]; then
    say "downloading ${parts//$'\n'/ }"
    image=$(find "$state" -maxdepth 1 -name "${package}_*.deb")
    # shellcheck disable=SC2086 # names of packages
    (cd "$state" && apt-get "${suite_options[@]}" -qq download $parts >&2) || die "downloading the parts of $package failed."
    dpkg-deb -R "$image" "$state/tree"
    for part in $parts; do dpkg-deb -x "$state/$part"_*.deb "$state/tree"; done
    version=${package#linux-image-}
    mkdir -p "$state/tree/boot"
    mv "$state/tree/usr/lib/modules/$version/vmlinuz" "$state/tree/boot/vmlinuz-$version"
    dpkg-deb -Zxz -z1 -b "$state/tree" "$image" >&2
fi
rm -f "$dir"/linux-image-*.deb
mv "$state/$package"_*.deb "$dir/"
find "$dir" -maxdepth 1 -name "${package}_*.deb" -print -quit

#!/usr/bin/env bash
# Runs a container with runc and the overlayfs snapshotter, by a containerd of its own.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. samples/lib/prepare.sh
work=$(mktemp -d)
containerd_home=$work/run
containerd_root=$work/root
. samples/lib/containerd.sh
trap 'containerd_stop; rm -rf "$work"' EXIT
bash samples/lib/busybox-image.sh "$work/busybox.tar"
containerd_start
private_ctr images import --snapshotter overlayfs "$work/busybox.tar" > /dev/null
[ "$(private_ctr run --rm --snapshotter overlayfs --runtime io.containerd.runc.v2 localhost/busybox:latest check echo hello)" = hello ]

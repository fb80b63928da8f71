#!/usr/bin/env bash
# Makes an OCI image of Debian's static busybox, without a registry:
#
#   busybox-image.sh ARCHIVE [NAME]
#
# ARCHIVE is a tar of an OCI image layout, for `ctr images import`; NAME is what the image is called
# (default: localhost/busybox:latest). The same busybox always gives the same image.
set -euo pipefail

die() { printf 'busybox-image: %s\n' "$*" >&2; exit 1; }

[[ $# -eq 1 || $# -eq 2 ]] || die "usage: busybox-image.sh ARCHIVE [NAME]"
archive=$1
name=${2:-localhost/busybox:latest}
busybox=$(command -v busybox) || die "busybox is missing: apt-get install busybox-static."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
layout=$work/layout
mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,usr/sbin,var} "$layout/blobs/sha256"
ln -s bin "$root/sbin"
chmod 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
"$busybox" --list | while read -r applet; do
    [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n' >"$root/etc/group"

pack() { tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu --directory="$1" . ; }

# blob FILE: moves a file into the layout and prints its digest.
blob() {
    local digest
    digest=$(sha256sum "$1" | cut -d ' ' -f 1)
    mv "$1" "$layout/blobs/sha256/$digest"
    printf '%s' "$digest"
}
size() { stat --format=%s "$layout/blobs/sha256/$1"; }

pack "$root" >"$work/layer"
layer=$(blob "$work/layer")

cat >"$work/config" <<EOF
{"architecture":"$(dpkg --print-architecture)","os":"linux","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"Cmd":["/bin/sh"],"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},"history":[{"created_by":"busybox-static"}]}
EOF
config=$(blob "$work/config")

cat >"$work/manifest" <<EOF
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$config","size":$(size "$config")},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:$layer","size":$(size "$layer")}]}
EOF
manifest=$(blob "$work/manifest")

cat >"$layout/index.json" <<EOF
{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:$manifest","size":$(size "$manifest"),"annotations":{"io.containerd.image.name":"$name","org.opencontainers.image.ref.name":"${name##*:}"}}]}
EOF
printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"

pack "$layout" >"$archive.partial"
mv "$archive.partial" "$archive"

#!/usr/bin/env bash
# Disk, vsock and network of a guest in Kata.Vmm.Dragonball against QEMU's microvm machine, side by side in one run of the lab.
#
#   tests/lab/io-benchmark.sh [RUNS [DEVICE...]]     # devices: disk vsock network
set -euo pipefail
cd "$(dirname "$0")/../.."
. samples/lib/prepare.sh
readonly runs=${1:-3} out=artifacts/io-benchmark
devices=("${@:2}")
[ $# -gt 1 ] || devices=(disk vsock network)

prepare_tools kmod e2fsprogs
step "Publishing the benchmark (NativeAOT)"
logged benchmarks dotnet publish tests/Kata.Benchmarks -c Release -o "$out/benchmarks" --nologo -v minimal

step "Making a guest that puts load on its devices"
package=$(bash samples/lib/fetch-kernel.sh bookworm artifacts/kernels)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dpkg-deb -x "$package" "$work/package"
cp "$work"/package/boot/vmlinuz-* "$out/vmlinuz"
version=$(basename "$work"/package/lib/modules/*)
/usr/sbin/depmod -b "$work/package" "$version"
mkdir -p "$work"/root/{dev,modules}
for driver in virtio_mmio virtio_blk virtio_net vmw_vsock_virtio_transport; do
    /usr/sbin/modprobe -d "$work/package" -S "$version" --show-depends "$driver"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$work/modules"
while read -r module; do
    cp "$module" "$work/root/modules/"
    echo "/modules/${module##*/}"
done < "$work/modules" > "$work/root/modules.txt"
gcc -O2 -Wall -static -I tests/Kata.Virtio.Tests/Guest -o "$work/root/init" tests/Kata.Benchmarks/GuestIo/io-guest.c
mknod "$work/root/dev/console" c 5 1
(cd "$work/root" && find . | cpio --quiet -o -H newc) > "$out/initrd.img"

step "Measuring in the lab, $runs boots of each"
# The disk's file is in an ext4: the lab's /tmp is a tmpfs, which no VMM's users have their disks in.
# shellcheck disable=SC2016 # expanded there
tests/lab/lab.sh run --timeout 600 -- unshare --mount bash -ec '
    TMPDIR=$(mktemp -d)
    export TMPDIR
    truncate --size 128M "$TMPDIR.ext4"
    mkfs.ext4 -q "$TMPDIR.ext4"
    mount -o loop "$TMPDIR.ext4" "$TMPDIR"
    rm "$TMPDIR.ext4"
    for device in "${@:3}"; do
        unshare --net "$1/benchmarks/Kata.Benchmarks" guest-io "$1/vmlinuz" "$1/initrd.img" "$device" --runs "$2"
    done
    umount "$TMPDIR"
    rmdir "$TMPDIR"' bash "$out" "$runs" "${devices[@]}"

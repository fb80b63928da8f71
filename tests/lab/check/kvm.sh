#!/usr/bin/env bash
# Boots the newest of Debian 12's kernels in QEMU with KVM, to an initramfs that says hello.
set -euo pipefail
cd "$(dirname "$0")/../../.."
kernel=artifacts/lab/vmlinuz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin"
cp "$(command -v busybox)" "$work/root/bin/busybox"
printf '#!/bin/busybox sh\necho hello from a guest\n/bin/busybox poweroff -f\n' > "$work/root/init"
chmod 755 "$work/root/init"
(cd "$work/root" && find . | cpio --quiet --create --format=newc) > "$work/initrd.img"
timeout 120 qemu-system-x86_64 -machine microvm,accel=kvm -cpu host -m 256 -nodefaults -display none -no-reboot -serial stdio \
    -kernel "$kernel" -initrd "$work/initrd.img" -append 'quiet console=ttyS0 panic=-1 cryptomgr.notests' < /dev/null | tee "$work/console"
grep -q 'hello from a guest' "$work/console"

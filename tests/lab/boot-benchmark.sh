#!/usr/bin/env bash
# Boot to init and memory overhead of samples/MicroVm against QEMU's microvm machine, side by side in one run of the lab.
#
#   tests/lab/boot-benchmark.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/../.."
. samples/lib/prepare.sh
readonly runs=${1:-11} out=artifacts/boot-benchmark

prepare_tools
prepare_packages
prepare_guest
step "Publishing samples/MicroVm and the benchmark (NativeAOT)"
logged microvm dotnet publish samples/MicroVm -c Release -o "$out/microvm" --nologo -v minimal
logged benchmarks dotnet publish tests/Kata.Benchmarks -c Release -o "$out/benchmarks" --nologo -v minimal

step "Making a guest that says when its init runs"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev}
cp /bin/busybox "$root/bin/busybox"
cat > "$root/init" <<'INIT'
#!/bin/busybox sh
echo "boot-benchmark: init"
/bin/busybox sleep 4
/bin/busybox poweroff -f
INIT
chmod +x "$root/init"
mknod "$root/dev/console" c 5 1
(cd "$root" && find . | cpio --quiet -o -H newc) > "$out/initrd.img"

step "Booting in the lab, $runs times each"
tests/lab/lab.sh run -- "$out/benchmarks/Kata.Benchmarks" boot "$out/microvm/microvm" artifacts/guest/vmlinuz "$out/initrd.img" --runs "$runs"

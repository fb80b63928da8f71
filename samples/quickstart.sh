#!/usr/bin/env bash
# Runs a container in a microVM, from a bare checkout. `samples/quickstart.sh --help` says more.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'HELP'
Usage: samples/quickstart.sh [--hypervisor qemu|dragonball] [--keep | --clean]

Runs one container in a microVM, with a shim made from the packages of this checkout. On a
Debian 12 machine with the .NET SDK, as root, it

  - installs the Debian packages it needs (containerd, QEMU, crun, busybox, a C toolchain),
  - packs the NuGet packages and publishes samples/Shim and samples/Guest from them (NativeAOT),
  - builds the guest: Debian's kernel and an initrd with our agent,
  - starts a containerd of its own, imports an image made of Debian's busybox, and runs
    ctr run --runtime io.containerd.kata.v2.

A second run reuses what is there and takes a few seconds plus the boot. Everything that is built
goes to artifacts/; nothing is left running.

  --hypervisor qemu        the VM is a QEMU process, with KVM or in software emulation (default)
  --hypervisor dragonball  the VM is in the shim's own process, with KVM. On a machine without
             KVM in hardware the containers run in the KVM lab (tests/lab/lab.sh), an emulated
             host; that takes half a minute more
  --keep     leave containerd up and show commands to try
  --clean    stop what --keep left up and remove everything that was built
  -h, --help show this help
HELP
}

mode=run
hypervisor=qemu
arguments="$*"
while [ $# -gt 0 ]; do
    case "$1:${2-}" in
        --hypervisor:qemu|--hypervisor:dragonball) hypervisor=$2; shift ;;
        --keep:*) mode=keep ;;
        --clean:*) mode=clean ;;
        -h:*|--help:*) usage; exit 0 ;;
        *) echo "samples/quickstart.sh: unknown arguments: $arguments" >&2; usage >&2; exit 2 ;;
    esac
    shift
done
# Set by this script for the copy of itself that it runs in the lab, where everything is prepared and takes longer.
in_lab=${KATA_QUICKSTART_IN_LAB-}
if [ -n "$in_lab" ]; then
    # The lab's root is an overlay, and an overlay takes none on top of itself; /run is a tmpfs.
    patience=300 containerd_root=/run/kata-quickstart/containerd
fi
[ "$hypervisor" = qemu ] || shim_directory=$PWD/artifacts/shim-dragonball

. samples/lib/prepare.sh
. samples/lib/containerd.sh

readonly image=localhost/busybox:latest
readonly id=quickstart-$$
readonly output=artifacts/quickstart/output
readonly lock=/run/kata-quickstart.lock

[ "$(id -u)" = 0 ] || die "needs root: it installs packages, starts containerd and makes mounts. Run it with sudo."
# One at a time: a link is made at once or not at all, and says who has it.
take_lock() {
    local owner
    ln -s $$ "$lock" 2>/dev/null && return
    owner=$(readlink "$lock") || die "cannot make $lock."
    ! kill -0 "$owner" 2>/dev/null || die "another quickstart is running (process $owner); wait for it to end."
    ln -sfn $$ "$lock"
}

# Runs when the script ends, however it does.
finish() {
    local status=$?
    trap - EXIT INT TERM
    if [ $status != 0 ] && [ $status -lt 128 ] && [ "$containerd" != none ]; then
        echo "The end of ${containerd_log#"$PWD/"}:" >&2
        grep -v 'loading plugin' "$containerd_log" | tail -n 25 >&2
    fi
    # A containerd that an earlier --keep left up stays up.
    if [ "$containerd" = started ]; then containerd_stop; fi
    rm -f "$lock"
    exit $status
}

take_lock
containerd=none
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "$mode" = clean ]; then
    step "Stopping containers and containerd"
    containerd_stop
    step "Removing what was built"
    rm -rf artifacts
    echo "Clean. The Debian packages stay installed."
    exit 0
fi

if [ -z "$in_lab" ]; then
    prepare_tools
    prepare_packages
    if [ "$hypervisor" = qemu ]; then prepare_shim; else prepare_shim dragonball; fi
    prepare_guest
fi
if [ "$hypervisor" = dragonball ] && ! has_kvm; then
    [ "$mode" = run ] || die "--keep needs a machine with KVM in hardware: the lab ends with this script."
    step "This machine has no KVM in hardware: running in the KVM lab, a host emulated in software"
    rm -f "$lock"
    status=0
    KATA_QUICKSTART_IN_LAB=1 bash tests/lab/lab.sh run -- bash samples/quickstart.sh --hypervisor dragonball || status=$?
    exit $status
fi

write_configuration "$kata_configuration" artifacts/guest "$hypervisor"
if containerd_pid > /dev/null; then
    step "Using the containerd that --keep left up"
    containerd=kept
else
    step "Starting a private containerd"
    containerd_stop # what a killed run may have left
    containerd=started
    containerd_start
fi
# overlayfs does not work on top of every file system, a plain copy does.
snapshotter=overlayfs
plugins=$(private_ctr plugins list)
grep -q 'snapshotter.* overlayfs .* ok' <<< "$plugins" || snapshotter=native

if [ -z "$(private_ctr images list --quiet "name==$image")" ]; then
    step "Importing an image of Debian's busybox"
    bash samples/lib/busybox-image.sh artifacts/quickstart/busybox.tar "$image"
    logged import private_ctr images import --snapshotter "$snapshotter" artifacts/quickstart/busybox.tar
fi

step "Running a container: ctr run --runtime io.containerd.kata.v2 $image"
started=$EPOCHREALTIME
status=0
# In the background, so that a signal to this script is heard at once.
(private_ctr run --rm --runtime io.containerd.kata.v2 --snapshotter "$snapshotter" "$image" "$id" sh -c '
    echo "Hello from a container in a microVM."
    echo "kernel $(uname -r)"
    echo "processor $(sed -n "s/^model name.*: //p" /proc/cpuinfo | head -n 1), $(nproc) of them"
    echo "memory $(sed -n "s/^MemTotal: *//p" /proc/meminfo)"' < /dev/null 2>&1 | tee "$output" | sed 's/^/    /') &
wait $! || status=$?
elapsed=$(((${EPOCHREALTIME/[.,]/} - ${started/[.,]/}) / 100000))
[ "$status" = 0 ] || die "ctr run ended with exit code $status."

kernel=$(sed -n 's/^kernel //p' "$output")
expected=$(sed -n 's/.*"kernelRelease": "\(.*\)".*/\1/p' artifacts/guest/guest.json)
[ "$kernel" = "$expected" ] || die "the container saw kernel '$kernel', not the guest's, $expected."
accelerator=kvm
if [ -n "$in_lab" ]; then
    accelerator="kvm of the lab, which is emulated"
elif grep -q '^processor QEMU TCG' "$output"; then
    accelerator=tcg
fi

if [ "$mode" = keep ]; then
    containerd=kept
    more=
    [ "$snapshotter" = overlayfs ] || more=" --snapshotter $snapshotter"
    ctr="ctr --address $containerd_socket"
    cat <<EOF

containerd stays up. To try:
    $ctr run --rm --tty --runtime io.containerd.kata.v2$more $image shell sh
    $ctr run --detach --runtime io.containerd.kata.v2$more $image sleeper sleep 1000
    $ctr tasks exec --exec-id look sleeper ps
    $ctr tasks kill --signal KILL sleeper && sleep 1 && $ctr containers delete sleeper
Its log: artifacts/logs/containerd.log. To end it: samples/quickstart.sh --clean

EOF
fi
echo "container exited 0 in a microVM: guest kernel $kernel, host kernel $(uname -r), hypervisor $hypervisor ($accelerator), $((elapsed / 10)).$((elapsed % 10)) s"

#!/usr/bin/env bash
# What a test may expect of the machine it runs on; `lab.sh check` runs it.
set -euo pipefail
cd "$(dirname "$0")/../../.."
failed=0

# check WHAT COMMAND...: its output shows when it fails.
check() {
    local what=$1 output started=$SECONDS
    shift
    if output=$("$@" 2>&1); then
        printf 'ok    %s (%d s)\n' "$what" $((SECONDS - started))
    else
        printf 'FAIL  %s (%d s)\n%s\n' "$what" $((SECONDS - started)) "$output"
        failed=1
    fi
}

for device in kvm vhost-net vhost-vsock vsock net/tun; do
    check "/dev/$device opens" bash -c "exec 3<> /dev/$device"
done
check "cgroup v2 has cpu, memory and pids" bash -c \
    'for c in cpu memory pids; do grep -qw "$c" /sys/fs/cgroup/cgroup.controllers || { echo "no $c"; exit 1; }; done'
check "files written to the output directory stay" bash -c 'echo written > "$KATA_LAB_OUTPUT/check"'
check "KVM boots Debian's kernel" bash tests/lab/check/kvm.sh
check "containerd runs a container (runc, overlayfs)" bash tests/lab/check/containerd.sh
exit $failed

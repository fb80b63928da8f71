# Sourced after prepare.sh, from the root of the checkout: a private containerd that runs containers with the shim in $shim_directory.
# It shares nothing with a containerd of the machine: its own socket and state (under /run), root and log (under artifacts/).

readonly containerd_home=${containerd_home:-/run/kata-quickstart}
readonly containerd_socket=$containerd_home/containerd.sock
readonly containerd_root=${containerd_root:-$PWD/artifacts/quickstart/containerd}
readonly containerd_log=$PWD/artifacts/logs/containerd.log
readonly kata_configuration=${kata_configuration:-$PWD/artifacts/quickstart/configuration.toml}
readonly shim_directory=${shim_directory:-$PWD/artifacts/shim}
# Seconds that something quick may take.
readonly patience=${patience:-30}
readonly shim_binary=$shim_directory/containerd-shim-kata-v2

private_ctr() { ctr --address "$containerd_socket" --connect-timeout "${patience}s" "$@"; }

# qemu_keys: what [hypervisor.qemu] needs besides the guest.
qemu_keys() {
    local virtiofsd='' qemu
    qemu=$(command -v qemu-system-x86_64) || die "qemu-system-x86_64 is missing: apt-get install qemu-system-x86."
    for candidate in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
        [ ! -x "$candidate" ] || { virtiofsd=$candidate; break; }
    done
    [ -n "$virtiofsd" ] || die "virtiofsd is missing: it comes with qemu-system-common in Debian 12, with virtiofsd in Debian 13."
    printf '%s\n' "path = \"$qemu\"" 'machine_type = "q35"' 'shared_fs = "virtio-fs"' "virtio_fs_daemon = \"$virtiofsd\""
}

# write_configuration FILE GUEST [HYPERVISOR]: the configuration.toml of the shim, with only what has no default.
write_configuration() {
    local file=$1 guest hypervisor=${3:-qemu} keys='shared_fs = "inline-virtio-fs"'
    guest=$(cd "$2" && pwd)
    [ "$hypervisor" != qemu ] || keys=$(qemu_keys)
    mkdir -p "$(dirname "$file")"
    cat > "$file" <<EOF
[runtime]
hypervisor_name = "$hypervisor"
agent_name = "kata"
static_sandbox_resource_mgmt = true

[agent.kata]
# Software emulation boots in seconds, not milliseconds, and a busy machine takes its time.
reconnect_timeout_ms = $((patience * 2000))
request_timeout_ms = $((patience * 1000))

[hypervisor.$hypervisor]
kernel = "$guest/vmlinuz"
initrd = "$guest/initrd.img"
default_vcpus = 1
default_memory = 256
$keys
EOF
}

containerd_pid() {
    local pid
    pid=$(cat "$containerd_home/containerd.pid" 2>/dev/null) || return 1
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(readlink -f "$(command -v containerd)")" ] || return 1
    printf '%s' "$pid"
}

containerd_start() {
    local deadline=$((SECONDS + patience)) pid
    mkdir -p "$containerd_home" "$containerd_root" "$(dirname "$containerd_log")"
    cat > "$containerd_home/config.toml" <<EOF
version = 2
root = "$containerd_root"
state = "$containerd_home/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "$containerd_socket"
[ttrpc]
  address = "$containerd_socket.ttrpc"
EOF
    # A session of its own, none of our streams: with --keep it outlives the script.
    PATH="$shim_directory:$PATH" KATA_CONF_FILE="$kata_configuration" \
        setsid containerd --config "$containerd_home/config.toml" > "$containerd_log" 2>&1 < /dev/null &
    pid=$!
    printf '%s\n' "$pid" > "$containerd_home/containerd.pid"
    until [ -S "$containerd_socket" ] && private_ctr version > /dev/null 2>&1; do
        kill -0 "$pid" 2>/dev/null || die "containerd ended at once; its last words are in $containerd_log"
        [ $SECONDS -lt $deadline ] || die "containerd does not answer after $patience s; see $containerd_log"
        sleep 0.1
    done
}

# ended PID SECONDS: waits for a process, of whatever parent, to be gone.
ended() {
    local deadline=$((SECONDS + $2))
    while kill -0 "$1" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
}

# shim_pids: the daemons of our shim that serve our containerd.
shim_pids() {
    local process
    for process in /proc/[0-9]*; do
        if tr '\0' '\n' 2>/dev/null < "$process/cmdline" | grep -qxF -e "$containerd_socket" -e "$containerd_socket.ttrpc" &&
            [[ $(readlink "$process/exe" 2>/dev/null) == "$shim_binary"* ]]; then
            printf '%s\n' "${process#/proc/}"
        fi
    done
}

# containerd_drain: ends and removes every container, the polite way.
containerd_drain() {
    local namespace container
    for namespace in $(timeout 20 ctr --address "$containerd_socket" namespaces list --quiet 2>/dev/null); do
        for container in $(timeout 20 ctr --address "$containerd_socket" -n "$namespace" containers list --quiet); do
            timeout 30 ctr --address "$containerd_socket" -n "$namespace" tasks delete --force "$container" > /dev/null 2>&1 || true
            timeout 30 ctr --address "$containerd_socket" -n "$namespace" containers delete "$container" > /dev/null 2>&1 || true
        done
    done
}

# containerd_stop: ends every container, containerd, and whatever survived it, and removes what lies under /run.
containerd_stop() {
    local pid bundle namespace
    if pid=$(containerd_pid); then
        containerd_drain
        kill "$pid" 2>/dev/null || true
        ended "$pid" 10 || kill -9 "$pid" 2>/dev/null || true
    fi
    for pid in $(shim_pids); do
        kill -9 "$pid" 2>/dev/null || true
        ended "$pid" 5 || true
    done
    # What containerd itself does for a shim that died: `delete`, in the bundle.
    for bundle in "$containerd_home"/state/io.containerd.runtime.v2.task/*/*; do
        [ -d "$bundle" ] && [ -x "$shim_binary" ] || continue
        namespace=$(basename "$(dirname "$bundle")")
        (cd "$bundle" && KATA_CONF_FILE="$kata_configuration" timeout 30 "$shim_binary" -namespace "$namespace" -id "$(basename "$bundle")" \
            -address "$containerd_socket" -bundle "$bundle" delete) > /dev/null 2>> "$containerd_log" || true
        umount "$bundle/rootfs" 2>/dev/null || true
    done
    rm -rf "$containerd_home"
    # Shared with other containerds and shims: only what is empty goes.
    rmdir --ignore-fail-on-non-empty /run/kata /run/containerd/{s,fifo} /run/containerd 2>/dev/null || true
}

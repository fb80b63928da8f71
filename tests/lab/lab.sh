#!/usr/bin/env bash
# A machine with KVM, on any machine: `tests/lab/lab.sh --help` says more.
set -euo pipefail
readonly caller_directory=$PWD
cd "$(dirname "$0")/../.."

usage() {
    cat <<'HELP'
Usage: tests/lab/lab.sh run [--timeout SECONDS] -- COMMAND [ARGUMENT...]
       tests/lab/lab.sh shell | build | check | clean

A Linux host with KVM, vhost and cgroup v2, emulated by QEMU (AMD SVM in software) on a machine that has none of them.
Its root file system is this machine's own, under the same paths, with every write kept in memory; it ends with the command.
Where this machine has KVM in hardware, commands run directly on it.

  run    runs COMMAND there, in this directory and with this environment; shows its output and ends with its exit code.
         What it writes to $KATA_LAB_OUTPUT (artifacts/lab/output) stays. 124: the --timeout passed.
  shell  opens a console there; `exit` ends it
  build  makes the kernel, the initramfs and the snapshot that runs start from; run and shell do so by themselves
  check  tests the lab: KVM runs a kernel, vhost and tun exist, containerd runs a container
  clean  removes what was built and the output

Environment: LAB_CPUS (1; with more, some runs hang), LAB_MEMORY in MiB (4096).
HELP
}

. samples/lib/prepare.sh
for part in build qemu snapshot; do . "tests/lab/lib/$part.sh"; done
export KATA_LAB_OUTPUT=$lab/output

# contained FUNCTION ARGUMENT...: runs a function of ours in a process and mount namespace that ends with this script, however it ends.
contained() {
    local child status=0
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc bash tests/lab/lib/inside.sh "$@" <&0 &
    child=$!
    trap 'kill -KILL "$child" 2> /dev/null; exit 130' INT TERM HUP
    wait "$child" || status=$?
    trap - INT TERM HUP
    return $status
}

# prepare: builds what is missing. The lock, shared by runs, keeps others from building anew under them; it ends with this script.
prepare() {
    [ "$(id -u)" = 0 ] || die "needs root: it mounts, and runs commands as root in the lab. Run it with sudo."
    mkdir -p "$lab"
    exec {lock}>> "$lab/lock"
    flock --shared "$lock"
    lab_is_fresh && snapshot_is_fresh && return
    flock "$lock"
    lab_build
    snapshot_is_fresh || { step "Booting the lab for its snapshot"; contained snapshot_build; }
    flock --shared "$lock"
}

# run_command DIRECTORY TIMEOUT COMMAND...: in the lab, or right here when this machine is as good.
run_command() {
    mkdir -p "$KATA_LAB_OUTPUT"
    if has_kvm; then
        echo "lab: this machine has KVM: running on it directly." >&2
        cd "$1"
        exec timeout --foreground "${@:2}"
    fi
    prepare >&2
    contained machine_run "$@"
}

[ $# -gt 0 ] || { usage >&2; exit 2; }
action=$1 timeout=0
shift
case "$action" in
    -h|--help) usage ;;
    build) has_kvm || prepare ;;
    run)
        if [ "${1-}" = --timeout ]; then
            [[ ${2-} =~ ^[0-9]+$ ]] || die "--timeout takes a number of seconds."
            timeout=$2
            shift 2
        fi
        [ "${1-}" = -- ] && [ $# -gt 1 ] || { usage >&2; exit 2; }
        run_command "$caller_directory" "$timeout" "${@:2}"
        ;;
    shell)
        if has_kvm; then exec "${SHELL:-bash}"; fi
        prepare
        contained machine_shell "$caller_directory"
        ;;
    check)
        # The kernel that KVM boots.
        ! has_kvm || lab_build >&2
        run_command "$PWD" 600 bash tests/lab/check/all.sh
        ;;
    clean)
        [ ! -e "$lab/lock" ] || { exec {lock}>> "$lab/lock" && flock --nonblock "$lock"; } || die "the lab is in use: wait for its runs to end."
        rm -rf "$lab" artifacts/stamps/lab
        ;;
    *) usage >&2; exit 2 ;;
esac

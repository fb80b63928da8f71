# Sourced after snapshot.sh: one run of the lab, in a container (see lab.sh): its end is the end of processes, mounts and memory.

# machine_run DIRECTORY TIMEOUT COMMAND...: runs a command and ends with its exit code, or with 124 after TIMEOUT seconds (0: never).
machine_run() {
    local timeout=$2 followers=() follower
    machine_prepare "$1" "${@:3}"
    machine_start -serial "file:$run/console"
    machine_follow "$run/share/stdout" & followers+=($!)
    machine_follow "$run/share/stderr" >&2 & followers+=($!)
    if ! timeout "$timeout" tail --follow --sleep-interval=0.05 --pid="$qemu" /dev/null > /dev/null; then
        kill "$qemu"
        wait "${followers[@]}" || true
        printf 'lab: %s s passed; the command is ended.\n' "$timeout" >&2
        exit 124
    fi
    for follower in "${followers[@]}"; do wait "$follower" || exit; done
    machine_exit
}

# machine_follow FILE: shows what the machine writes to a file, to its end; ends the machine when nobody reads it.
machine_follow() {
    local status=0
    tail --follow --bytes=+1 --sleep-interval=0.05 --pid="$qemu" "$1" || status=$?
    [ $status = 0 ] || kill "$qemu" 2> /dev/null || true
    return $status
}

# machine_shell DIRECTORY: a console.
machine_shell() {
    local rows columns
    read -r rows columns < <(stty size)
    machine_prepare "$1" bash -c "stty rows $rows columns $columns; exec bash -i"
    : > "$run/share/interactive"
    machine_start -chardev stdio,id=console,signal=off,logfile="$run/console" -serial chardev:console
    wait "$qemu" || true
    machine_exit
}

# machine_exit: ends as the command did.
machine_exit() {
    [ -s "$run/share/exit" ] || die "the lab ended before the command; its console: $(tail -n 40 "$run/console") $(cat "$run/"*.log)"
    exit "$(cat "$run/share/exit")"
}

# machine_prepare DIRECTORY COMMAND...: what the machine finds in the share directory.
machine_prepare() {
    local directory=$1
    shift
    mkdir -p "$run" "$lab/tree" "$lab/output"
    mount -t tmpfs -o "size=$((lab_memory + 1024))M" lab "$run"
    mkdir "$run/share"
    : > "$run/share/stdout"
    : > "$run/share/stderr"
    head -c 512 /dev/urandom > "$run/share/seed"
    {
        export -p
        printf 'cd %q\nexec' "$directory"
        printf ' %q' "$@"
        printf '\n'
    } > "$run/share/command"
}

# machine_start ARGUMENT...: wakes the snapshot up with this machine's file system in it, read only but for share and output.
machine_start() {
    local virtiofsd=/usr/lib/qemu/virtiofsd
    [ -x "$virtiofsd" ] || die "$virtiofsd is missing: it comes with Debian 12's qemu-system-common."
    mount --rbind / "$lab/tree"
    mount -o remount,bind,ro "$lab/tree"
    mount --bind "$lab/output" "$lab/tree$lab/output"
    # Its lock is named after the socket's path, which is the same in every run.
    mkdir -p /run/virtiofsd
    mount -t tmpfs virtiofsd /run/virtiofsd
    "$virtiofsd" -f --socket-path="$run/virtiofsd.sock" -o "source=$lab/tree,cache=always,sandbox=chroot" 2> "$run/virtiofsd.log" &
    cp --sparse=always "$snapshot/ram" "$run/ram"
    until [ -S "$run/virtiofsd.sock" ]; do
        kill -0 $! 2> /dev/null || die "virtiofsd ended: $(cat "$run/virtiofsd.log")"
        sleep 0.01
    done
    qemu_start -incoming defer -chardev "socket,id=files,path=$run/virtiofsd.sock" "$@"
    qmp_migrate migrate-incoming "exec:cat $snapshot/state"
    qmp '{"execute": "device_add", "arguments": {"driver": "vhost-user-fs-pci", "chardev": "files", "tag": "lab"}}'
    date +%s.%N > "$run/share/time"
    qmp '{"execute": "cont"}'
}

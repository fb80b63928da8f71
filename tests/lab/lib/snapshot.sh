# Sourced after qemu.sh: the booted machine that every run starts from.

readonly snapshot=$lab/snapshot-${lab_cpus}x$lab_memory

# snapshot_key: a text that changes with everything a snapshot depends on. The time stamp counter is the processor's own.
snapshot_key() {
    printf '%s\n' "${machine[@]}"
    qemu-system-x86_64 --version
    grep -m 1 'model name' /proc/cpuinfo
    stat --format='%n %s %y' "$lab/vmlinuz" "$lab/initrd.img"
}

snapshot_is_fresh() { [ -f "$snapshot/key" ] && [ "$(snapshot_key)" = "$(cat "$snapshot/key")" ]; }

# snapshot_build: in a container, boots the lab until it waits for its root file system and keeps memory and state.
snapshot_build() {
    local deadline=$((SECONDS + 120))
    rm -rf "$snapshot" "$snapshot.partial"
    mkdir -p "$snapshot.partial" "$run"
    mount -t tmpfs -o "size=$((lab_memory + 64))M" lab "$run"
    qemu_start -serial "file:$run/console"
    until grep -q 'the lab waits' "$run/console"; do
        qemu_runs && [ $SECONDS -lt $deadline ] || die "the lab does not boot; its console: $(tail -n 40 "$run/console")"
        sleep 0.1
    done
    qmp '{"execute": "stop"}'
    qmp_migrate migrate "exec:cat > $snapshot.partial/state"
    cp --sparse=always "$run/ram" "$snapshot.partial/ram"
    snapshot_key > "$snapshot.partial/key"
    mv "$snapshot.partial" "$snapshot"
    kill "$qemu"
}

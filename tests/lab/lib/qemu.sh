# Sourced after build.sh: the emulated machine, and how to talk to it.

# What a snapshot and the runs that start from it have in common. A run's memory is a file that vhost-user devices can map.
# CPU features go because KVM does not see XSETBV under QEMU 7.2's emulated SVM: CPUID leaf 0xD goes stale and guests fail.
readonly run=$lab/run
readonly machine=(
    -nodefaults -no-user-config -display none -no-reboot
    -machine pc,memory-backend=ram -accel tcg,thread=multi
    -cpu "max,-xsave,-avx,-avx2,-f16c,-fma,-pku,-vaes,-vpclmulqdq,-erms,-fsrm"
    -smp "$lab_cpus" -m "${lab_memory}M"
    -object "memory-backend-file,id=ram,share=on,size=${lab_memory}M,mem-path=$run/ram"
    -kernel "$lab/vmlinuz" -initrd "$lab/initrd.img"
    -append "quiet console=ttyS0 panic=-1 mitigations=off tsc=reliable cryptomgr.notests nowatchdog rcupdate.rcu_cpu_stall_suppress=1 lab.checkout=$PWD"
)

# qemu_start ARGUMENT...: starts the machine, with these arguments more.
qemu_start() {
    mkfifo "$run/qmp.in" "$run/qmp.out"
    exec {qmp_in}<> "$run/qmp.in" {qmp_out}<> "$run/qmp.out"
    qemu-system-x86_64 "${machine[@]}" -chardev "pipe,id=qmp,path=$run/qmp" -mon chardev=qmp,mode=control "$@" <&0 2> "$run/qemu.log" &
    qemu=$!
    qmp '{"execute": "qmp_capabilities"}'
    # The memory is a file of its own, not a part of the state.
    qmp '{"execute": "migrate-set-capabilities", "arguments": {"capabilities": [{"capability": "x-ignore-shared", "state": true}]}}'
}

qemu_runs() { kill -0 "$qemu" 2> /dev/null; }

# qmp COMMAND: has QEMU execute a command; its answer is in $qmp_answer.
qmp() {
    printf '%s\n' "$1" >&"$qmp_in"
    while :; do
        if read -r -t 1 qmp_answer <&"$qmp_out"; then
            case "$qmp_answer" in
                '{"return"'*) return ;;
                '{"error"'*) die "QEMU refuses $1: $qmp_answer" ;;
            esac
        else
            qemu_runs || die "QEMU ended: $(cat "$run/qemu.log")"
        fi
    done
}

# qmp_migrate COMMAND FILE-URI: moves the state out or in, and waits until it is moved.
qmp_migrate() {
    qmp "{\"execute\": \"$1\", \"arguments\": {\"uri\": \"$2\"}}"
    while :; do
        qmp '{"execute": "query-migrate"}'
        case "$qmp_answer" in
            *'"status": "completed"'*) return ;;
            *'"status": "failed"'*) die "QEMU cannot move the machine's state: $qmp_answer $(cat "$run/qemu.log")" ;;
        esac
        sleep 0.01
    done
}

#!/usr/bin/env bash
# Where the wall time of one `ctr run` goes, and the shim's CPU time: medians of N containers (default 10) with 10 execs each, through a
# private containerd. Needs what samples/quickstart.sh needs. Usage: tests/Kata.Benchmarks/run-breakdown.sh [N]
set -euo pipefail
cd "$(dirname "$0")/../.."
containerd_home=/run/kata-breakdown
containerd_root=$PWD/artifacts/breakdown/containerd
kata_configuration=$PWD/artifacts/breakdown/configuration.toml
. samples/lib/prepare.sh
. samples/lib/containerd.sh
readonly runs=${1:-10} image=localhost/busybox:latest results=artifacts/breakdown/results

prepare_tools
prepare_guest
prepare_shim
write_configuration "$kata_configuration" artifacts/guest
trap containerd_stop EXIT
containerd_stop
containerd_start
bash samples/lib/busybox-image.sh artifacts/breakdown/busybox.tar "$image"
logged breakdown-import private_ctr images import --snapshotter native artifacts/breakdown/busybox.tar
rm -rf "$results" && mkdir -p "$results"

now() { date +%s%N; }
# cpu PID: nanoseconds on a CPU, all threads.
cpu() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d", sum }'; }
record() { printf '%s\n' "$2" >> "$results/$1"; }
median() { sort -n "$results/$1" | awk '{ value[NR] = $1 } END { printf "%.1f", value[int((NR + 1) / 2)] / 1e6 }'; }

step "Running $runs containers"
for ((run = 0; run < runs; run++)); do
    name=breakdown-$$-$run
    start=$(now)
    private_ctr run -d --runtime io.containerd.kata.v2 --snapshotter native "$image" "$name" sleep 600
    record "ctr run -d" $(($(now) - start))
    pid=$(pgrep -f -- "-id $name" | head -n 1)
    before=$(cpu "$pid")
    record "shim CPU, create to running" "$before"
    start=$(now)
    for exec in {1..10}; do private_ctr task exec --exec-id "e$exec" "$name" true; done
    record "ctr task exec" $((($(now) - start) / 10))
    record "shim CPU, exec" $((($(cpu "$pid") - before) / 10))
    record "shim RSS" "$(awk '/^Rss:/ { print $2 * 1000000 / 1024 }' "/proc/$pid/smaps_rollup")"
    private_ctr task kill -s KILL "$name"
    until private_ctr task delete "$name" > /dev/null 2>&1; do sleep 0.2; done
    private_ctr container delete "$name"
done
while read -r phase ms; do record "phase $phase" $((ms * 1000000)); done \
    < <(sed -n 's/.* phase=\([a-z]*\) ms=\([0-9]*\).*/\1 \2/p' "$containerd_log")
for file in "$results"/*; do
    unit=ms
    [ "$(basename "$file")" != "shim RSS" ] || unit=MiB
    printf '  %-30s %10s %s\n' "$(basename "$file")" "$(median "$(basename "$file")")" "$unit"
done

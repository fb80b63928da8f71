#!/usr/bin/env bash
# Measures what each combination of packages costs a shim, prints the table and writes it into README.md:
#
#   tests/costs.sh [RUNS]
#
# Medians of RUNS (21) runs, the shims taking turns. Drops the machine's page cache again and again: for a quiet machine, as root.
set -euo pipefail
cd "$(dirname "$0")/.."
. samples/lib/prepare.sh
readonly runs=${1:-21} program=containerd-shim-kata-v2 bench=artifacts/publish/Kata.Benchmarks/release/Kata.Benchmarks

# publish NAME PROPERTY...: samples/Shim from the packages, in artifacts/NAME.
publish() {
    is_fresh "$1" "${shim_dragonball_sources[@]}" && [ -x "artifacts/$1/$program" ] && return
    step "Publishing the shim: ${*:2}"
    logged "$1" dotnet publish samples/Shim -c Release -o "artifacts/$1" "${@:2}" --nologo -v minimal
    built "$1" "${shim_dragonball_sources[@]}"
}

prepare_tools runc
prepare_shim
prepare_shim dragonball
publish shim-only-dragonball -p:KataWithExternal=false -p:KataWithDragonball=true
publish shim-bare -p:KataWithExternal=false -p:KataWithDragonball=false
step "Publishing the benchmarks"
logged benchmarks dotnet publish tests/Kata.Benchmarks --nologo -v minimal

step "Measuring ($runs runs)"
mkdir -p artifacts/costs
{
    printf '| shim with | binary | `start`, page cache dropped | `start`, warm: wall / CPU | idle RSS (anonymous) |\n|---|---|---|---|---|\n'
    "$bench" shim --markdown --runs "$runs" "QEMU=artifacts/shim/$program" "QEMU and Dragonball=artifacts/shim-dragonball/$program" \
        "Dragonball=artifacts/shim-only-dragonball/$program" "no hypervisor=artifacts/shim-bare/$program" "Debian's runc shim (Go)=/usr/bin/containerd-shim-runc-v2"
    cat <<'ROWS'
| Kata's Rust shim 4.1 without Dragonball † | 29.6 MB | | 15 / 7.7 ms | 7.9 MiB (1.4) |
| Kata's Rust shim 4.1 with Dragonball † | 37.7 MB | | 18 / 10.6 ms | 10.6 MiB (2.2) |
| its first against its second † | -21.5 % | | -16.7 % / -27.4 % | -25.5 % |
| upstream's claim for leaving Dragonball out | -18 % | -5 to -7 % | | -3 to -5 % |
ROWS
} > artifacts/costs/table.md
cat artifacts/costs/table.md
awk '
    FNR == NR { table = table $0 "\n"; next }
    /^<!-- costs -->$/ { print; printf "%s", table; skipping = 1; next }
    /^<!-- \/costs -->$/ { skipping = 0 }
    !skipping
' artifacts/costs/table.md README.md > artifacts/costs/README.md
cat artifacts/costs/README.md > README.md

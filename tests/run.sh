#!/usr/bin/env bash
# Runs the tests of Kata for .NET on a Debian machine with the .NET SDK, as root. `tests/run.sh --help` says more.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'HELP'
Usage: tests/run.sh [unit|packages|e2e|lab|full]...

Runs the named parts, by default all but the last, and ends with `N passed, N failed, N skipped`.
Installs the Debian packages the tests need (as root).

  unit      every package's own tests; those that boot a VM are among them
  packages  packs, then tests the packages as a consumer outside of the checkout sees them
  e2e       containerd runs containers through the shim in QEMU microVMs
  lab       what needs KVM: microVMs of Dragonball boot Debian's kernels, and containerd runs some
            containers in them; on a machine without KVM in hardware, inside tests/lab/lab.sh
  full      as lab, with every scenario of e2e

Logs: artifacts/test-logs. Exit code: 0 when nothing failed.
HELP
}

parts=()
for argument in "$@"; do
    case "$argument" in
        unit|packages|e2e|lab|full) parts+=("$argument") ;;
        -h|--help) usage; exit 0 ;;
        *) echo "tests/run.sh: unknown part '$argument'" >&2; usage >&2; exit 2 ;;
    esac
done
[ ${#parts[@]} -gt 0 ] || parts=(unit packages e2e lab)

. samples/lib/prepare.sh
logs=artifacts/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
runner=() suffix='' # What a test program is started with, and what tells that run from others of the same program.

# run_project NAME [argument...]: runs a built test program, adds its counts, shows failures and the reasons of skips.
run_project() {
    local name=$1$suffix log="$logs/$1$suffix.log" program="artifacts/bin/$1/debug/$1" status=0 started=$SECONDS p f s
    shift
    "${runner[@]}" "$program" --progress off --output Detailed "$@" > "$log" 2>&1 || status=$?
    sed -i 's/\x1b\[[0-9;]*m//g' "$log" # CI systems are given colours.
    p=$(sed -n 's/^ *succeeded: //p' "$log" | tail -n 1)
    f=$(sed -n 's/^ *failed: //p' "$log" | tail -n 1)
    s=$(sed -n 's/^ *skipped: //p' "$log" | tail -n 1)
    # A program that died before its summary is one failure.
    if [ -z "$p" ] || { [ "$status" != 0 ] && [ "$f" = 0 ]; }; then f=$((${f:-0} + 1)); fi
    if [ "$f" != 0 ] && [ "$suffix" = -kvm ] && ! has_kvm && repeat_faulted "$f" "$log" "$program"; then p=$((p + f)) f=0; fi
    printf '  %-34s %4d passed %3d failed %3d skipped  %4d s\n' "$name" "${p:-0}" "$f" "${s:-0}" $((SECONDS - started))
    if [ "$f" != 0 ]; then
        grep -A 25 '^failed ' "$log" | head -n 120 || true
        grep -q '^ *failed: ' "$log" || tail -n 40 "$log"
    fi
    if [ "${s:-0}" != 0 ]; then grep -A 2 '^skipped ' "$log" | sed 's/^/      /' | head -n 60 || true; fi
    passed=$((passed + ${p:-0})) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
}

# repeat_faulted FAILED LOG PROGRAM: the lab's QEMU makes a guest's kernel fault once in a while (tests/lab/README.md). When that is why
# tests failed, and they are no more than two, they run a second time; what was seen is shown. True when they passed then.
repeat_faulted() {
    local names repeated="${2%.log}-repeated.log"
    names=$(awk '/^(passed|failed|skipped) /{ name = $1 == "failed" ? $2 : "" }
        name != "" && /(PANIC|Oops): double fault|Oops: general protection fault|BUG: unable to handle/ { print name; name = "" }' "$2")
    [ -n "$names" ] && [ "$(wc -l <<< "$names")" = "$1" ] && [ "$1" -le 2 ] || return 1
    "${runner[@]}" "$3" --progress off --output Detailed --filter "$(sed 's/^/Name=/' <<< "$names" | paste -sd '|')" > "$repeated" 2>&1 || return 1
    echo "      a guest's kernel faulted in the lab; the second time these passed:" $names
    grep -m 2 -B 2 -A 8 -E '(PANIC|Oops): |BUG: unable to handle' "$2" | sed 's/^/        /' || true
}

# run_on_kvm SECONDS PROJECT [argument...]: runs a test program where KVM is.
run_on_kvm() {
    local limit=$1
    shift
    if ! has_kvm; then runner=(env KATA_E2E_TIME_FACTOR=10 bash tests/lab/lab.sh run --timeout "$limit" --); fi
    suffix=-kvm
    KATA_E2E_HYPERVISOR=dragonball run_project "$@"
    runner=() suffix=''
}

# Peers of the interoperability and comparison tests, and the ACPI interpreter that judges tables.
prepare_tools acpica-tools attr fio runc strace stress-ng golang-go golang-github-containerd-ttrpc-dev
for part in "${parts[@]}"; do
    case "$part" in
        unit)
            prepare_guest
            (prepare_guest trixie) || echo "    no guest with trixie's kernel: the tests that boot it are skipped"
            step "Building the tests"
            logged build-tests dotnet build Kata.slnx --nologo -v quiet
            step "Unit and component tests"
            runner=(timeout --kill-after 10 15m) # Several times what the longest takes on a quiet machine.
            for project in tests/Kata.*.Tests; do
                case "$project" in
                    *.Packaging.Tests|*.EndToEnd.Tests) ;;
                    *) run_project "$(basename "$project")" ;;
                esac
            done
            runner=()
            ;;
        packages)
            prepare_guest
            prepare_shim
            prepare_shim dragonball
            step "Packaging tests"
            logged build-packaging-tests dotnet build tests/Kata.Packaging.Tests --nologo -v quiet
            run_project Kata.Packaging.Tests
            ;;
        e2e)
            prepare_guest
            prepare_shim
            step "End-to-end tests"
            logged build-e2e-tests dotnet build tests/Kata.EndToEnd.Tests --nologo -v quiet
            run_project Kata.EndToEnd.Tests
            ;;
        lab|full)
            prepare_guest
            (prepare_guest trixie) || echo "    no guest with trixie's kernel: the tests that boot it are skipped"
            prepare_shim dragonball
            has_kvm || { step "Preparing the lab, a host with KVM in software"; logged lab bash tests/lab/lab.sh build; }
            step "Tests on KVM"
            logged build-kvm-tests dotnet build tests/Kata.Vmm.Dragonball.Tests --nologo -v quiet
            logged build-e2e-tests dotnet build tests/Kata.EndToEnd.Tests --nologo -v quiet
            dragonball_tests="ClassName~DebianGuest|ClassName~MicroVm|ClassName~Tests.Devices"
            if [ "$part" = lab ]; then
                limit=1500 # Some three times what it takes on a quiet machine.
                run_on_kvm "$limit" Kata.Vmm.Dragonball.Tests --filter "$dragonball_tests"
                run_on_kvm "$limit" Kata.EndToEnd.Tests --filter TestCategory=Lab
            else
                # Boots every kernel in machines of up to 4 GiB, and one of them a hundred times.
                logged kernel-sid bash samples/lib/fetch-kernel.sh sid artifacts/kernels
                KATA_TEST_FULL=1 KATA_TEST_BOOTS=100 LAB_MEMORY=6144 run_on_kvm 7200 Kata.Vmm.Dragonball.Tests --filter "$dragonball_tests"
                run_on_kvm 7200 Kata.EndToEnd.Tests
            fi
            ;;
    esac
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

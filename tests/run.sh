#!/usr/bin/env bash
# Runs the tests of Kata for .NET on a Debian machine with the .NET SDK, as root. `tests/run.sh --help` says more.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'HELP'
Usage: tests/run.sh [unit|packages|e2e]...

Runs the named parts, all of them by default, and ends with `N passed, N failed, N skipped`.
Installs the Debian packages the tests need (as root).

  unit      every package's own tests; those that boot a VM are among them
  packages  packs, then tests the packages as a consumer outside of the checkout sees them
  e2e       containerd runs containers through the shim in QEMU microVMs

Logs: artifacts/test-logs. Exit code: 0 when nothing failed.
HELP
}

parts=()
for argument in "$@"; do
    case "$argument" in
        unit|packages|e2e) parts+=("$argument") ;;
        -h|--help) usage; exit 0 ;;
        *) echo "tests/run.sh: unknown part '$argument'" >&2; usage >&2; exit 2 ;;
    esac
done
[ ${#parts[@]} -gt 0 ] || parts=(unit packages e2e)

. samples/lib/prepare.sh
logs=artifacts/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0

# run_project NAME [argument...]: runs a built test program, adds its counts, shows failures and the reasons of skips.
run_project() {
    local name=$1 log="$logs/$1.log" program="artifacts/bin/$1/debug/$1" status=0 started=$SECONDS p f s
    shift
    "$program" --no-progress --output Detailed "$@" > "$log" 2>&1 || status=$?
    sed -i 's/\x1b\[[0-9;]*m//g' "$log" # CI systems are given colours.
    p=$(sed -n 's/^ *succeeded: //p' "$log" | tail -n 1)
    f=$(sed -n 's/^ *failed: //p' "$log" | tail -n 1)
    s=$(sed -n 's/^ *skipped: //p' "$log" | tail -n 1)
    # A program that died before its summary is one failure.
    if [ -z "$p" ] || { [ "$status" != 0 ] && [ "$f" = 0 ]; }; then f=$((${f:-0} + 1)); fi
    printf '  %-34s %4d passed %3d failed %3d skipped  %4d s\n' "$name" "${p:-0}" "$f" "${s:-0}" $((SECONDS - started))
    if [ "$f" != 0 ]; then
        grep -A 25 '^failed ' "$log" | head -n 120 || true
        grep -q '^ *failed: ' "$log" || tail -n 40 "$log"
    fi
    if [ "${s:-0}" != 0 ]; then grep -A 2 '^skipped ' "$log" | sed 's/^/      /' | head -n 60 || true; fi
    passed=$((passed + ${p:-0})) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
}

# Peers of the interoperability and comparison tests, and the ACPI interpreter that judges tables.
prepare_tools acpica-tools runc strace golang-go golang-github-containerd-ttrpc-dev
for part in "${parts[@]}"; do
    case "$part" in
        unit)
            prepare_guest
            (prepare_guest trixie) || echo "    no guest with trixie's kernel: the tests that boot it are skipped"
            step "Building the tests"
            logged build-tests dotnet build Kata.slnx --nologo -v quiet
            step "Unit and component tests"
            for project in tests/Kata.*.Tests; do
                case "$project" in
                    *.Packaging.Tests|*.EndToEnd.Tests) ;;
                    *) run_project "$(basename "$project")" ;;
                esac
            done
            ;;
        packages)
            prepare_packages
            prepare_guest
            step "Packaging tests"
            logged build-packaging-tests dotnet build tests/Kata.Packaging.Tests --nologo -v quiet
            run_project Kata.Packaging.Tests
            ;;
        e2e)
            prepare_packages
            prepare_guest
            prepare_shim
            step "End-to-end tests"
            logged build-e2e-tests dotnet build tests/Kata.EndToEnd.Tests --nologo -v quiet
            run_project Kata.EndToEnd.Tests
            ;;
    esac
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

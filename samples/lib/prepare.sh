# Sourced by samples/quickstart.sh and tests/run.sh, from the root of the checkout: what has to exist before a container can run.
# Everything is built once and kept under artifacts/ until its sources change.

readonly debian_packages=(
    containerd crun qemu-system-x86 busybox-static cpio xz-utils zstd iproute2 gcc libc6-dev zlib1g-dev git
)

# What each thing is built from.
readonly build_sources=(
    build packages/Directory.Build.{props,targets} Directory.Build.{props,targets} Directory.Packages.props Directory.Solution.targets
    version.json
)
readonly sample_sources=(samples/Directory.Build.{props,targets} samples/nuget.config "${build_sources[@]}")
readonly shim_sources=(
    packages/Kata.{Abstractions,Hypervisors.External,Linux,Protocols,Shim,Ttrpc,Virtio} samples/Shim "${sample_sources[@]}"
)
readonly shim_dragonball_sources=("${shim_sources[@]}" packages/Kata.Vmm.Dragonball)
readonly guest_sources=(packages/Kata.{Guest,Linux,Protocols,Ttrpc} samples/Guest "${sample_sources[@]}")
readonly kernel_sources=(samples/lib/{fetch-kernel,suite}.sh)

step() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# logged NAME COMMAND...: runs a command with its output in artifacts/logs/NAME.log; shows the end of it when the command fails.
logged() {
    local log="artifacts/logs/$1.log" started=$SECONDS
    shift
    mkdir -p artifacts/logs
    if ! "$@" > "$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "'$*' failed after $((SECONDS - started)) s; the whole output is in $log"
    fi
    printf '    %s s\n' $((SECONDS - started))
}

# stamp PATH...: a text that changes when a tracked file below the paths does, or an untracked one comes or goes.
stamp() {
    { git ls-files --stage -- "$@"; git status --porcelain -- "$@"; git diff -- "$@"; } | sha256sum
}

# is_fresh NAME PATH...: whether NAME was built from what the paths hold now; `built NAME PATH...` records that it was.
is_fresh() { [ -f "artifacts/stamps/$1" ] && [ "$(stamp "${@:2}")" = "$(cat "artifacts/stamps/$1")" ]; }
built() { mkdir -p artifacts/stamps; stamp "${@:2}" > "artifacts/stamps/$1"; }

# has_kvm: whether this machine executes guests in hardware; /dev/kvm alone may be another emulation.
has_kvm() { grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo && (exec 3<> /dev/kvm) 2> /dev/null; }

prepare_tools() {
    [ "$(id -u)" = 0 ] || die "needs root: it installs packages, starts containerd and makes mounts. Run it with sudo."
    [ "$(. /etc/os-release && echo "$ID")" = debian ] || die "needs Debian 12 or later: it takes containerd, QEMU and the kernel from Debian's packages."
    command -v dotnet >/dev/null || die "needs the .NET SDK 10 on the PATH: https://dotnet.microsoft.com/download"
    dotnet --version >/dev/null || die "needs a .NET SDK that global.json accepts."
    local missing=()
    for package in "${debian_packages[@]}" "$@"; do
        [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        step "Installing Debian packages: ${missing[*]}"
        logged apt-update apt-get update
        # Debian starts containerd's service on install; the private one used here does not need it, and neither harms the other.
        DEBIAN_FRONTEND=noninteractive logged apt-install apt-get install -y --no-install-recommends "${missing[@]}"
    fi
}

prepare_packages() {
    is_fresh packages packages "${build_sources[@]}" && [ -d artifacts/packages ] && return
    step "Packing the NuGet packages"
    logged pack dotnet pack Kata.slnx --nologo -v minimal
    sed -n '/^ *package  *version/,$p' artifacts/logs/pack.log | grep -E '^ +(package|Kata)' || true
    built packages packages "${build_sources[@]}"
}

# prepare_shim: the shim with QEMU in artifacts/shim. `prepare_shim dragonball`: with the in-process VMM besides, in artifacts/shim-dragonball.
prepare_shim() {
    local name=shim with=false sources=("${shim_sources[@]}")
    if [ "${1-}" = dragonball ]; then
        name=shim-dragonball with=true sources=("${shim_dragonball_sources[@]}")
    fi
    prepare_packages
    is_fresh "$name" "${sources[@]}" && [ -x "artifacts/$name/containerd-shim-kata-v2" ] && return
    step "Publishing the shim from the packages (NativeAOT, KataWithDragonball=$with)"
    logged "$name" dotnet publish samples/Shim -c Release -o "artifacts/$name" -p:KataWithDragonball=$with --nologo -v minimal
    built "$name" "${sources[@]}"
}

# prepare_guest [SUITE]: kernel and initrd in artifacts/guest (bookworm's kernel 6.1), or artifacts/guest-SUITE for another suite.
prepare_guest() {
    local suite=${1:-bookworm} directory=artifacts/guest kernel
    [ "$suite" = bookworm ] || directory="artifacts/guest-$suite"
    prepare_packages
    if ! is_fresh guest-tool "${guest_sources[@]}" || [ ! -x artifacts/guest-tool/kata-guest ]; then
        step "Publishing the guest agent and image builder (NativeAOT, static)"
        logged guest-tool dotnet publish samples/Guest -c Release -o artifacts/guest-tool --nologo -v minimal
        built guest-tool "${guest_sources[@]}"
    fi
    is_fresh "guest-$suite" "${guest_sources[@]}" "${kernel_sources[@]}" && [ -f "$directory/initrd.img" ] && return
    step "Building the guest ($suite's kernel)"
    kernel=$(bash samples/lib/fetch-kernel.sh "$suite" artifacts/kernels) || die "no kernel of $suite"
    logged "guest-$suite" artifacts/guest-tool/kata-guest build --kernel-package "$kernel" --output "$directory"
    built "guest-$suite" "${guest_sources[@]}" "${kernel_sources[@]}"
}

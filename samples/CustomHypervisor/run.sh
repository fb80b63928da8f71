#!/usr/bin/env bash
# Runs a container in a VM of the hypervisor package next to this script. Needs what samples/quickstart.sh needs, and removes what it
# starts; everything built is under artifacts/.
set -euo pipefail
cd "$(dirname "$0")/../.."

containerd_home=/run/kata-custom-hypervisor
containerd_root=$PWD/artifacts/custom-hypervisor/containerd
kata_configuration=$PWD/artifacts/custom-hypervisor/configuration.toml
shim_directory=$PWD/artifacts/custom-hypervisor/shim
. samples/lib/prepare.sh
. samples/lib/containerd.sh
readonly image=localhost/busybox:latest sample=samples/CustomHypervisor

prepare_tools
prepare_packages
prepare_guest

step "Packing the hypervisor"
rm -rf artifacts/acme-packages artifacts/nuget/acme.*
logged pack-tiny dotnet pack "$sample/Acme.Kata.Tiny" -c Release -o artifacts/acme-packages --nologo -v minimal
step "Publishing a shim that references it (NativeAOT)"
logged shim-tiny dotnet publish "$sample/Shim" -c Release -o "$shim_directory" --nologo -v minimal

write_configuration "$kata_configuration" artifacts/guest
sed -i 's/hypervisor_name = "qemu"/hypervisor_name = "tiny"/; s/\[hypervisor.qemu\]/[hypervisor.tiny]/; s/machine_type = .*/accelerator = "tcg"/' "$kata_configuration"

step "Starting a private containerd"
trap containerd_stop EXIT
containerd_stop
containerd_start
bash samples/lib/busybox-image.sh artifacts/custom-hypervisor/busybox.tar "$image"
logged import-tiny private_ctr images import --snapshotter native artifacts/custom-hypervisor/busybox.tar

step "Running a container"
private_ctr run --rm --runtime io.containerd.kata.v2 --snapshotter native "$image" "tiny-$$" \
    sh -c 'echo "Hello from a VM of the hypervisor tiny: kernel $(uname -r)"' < /dev/null

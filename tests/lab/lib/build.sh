# Sourced by lab.sh, from the root of the checkout, after samples/lib/prepare.sh: the kernel and the initramfs of the lab.

readonly lab=$PWD/artifacts/lab
# With more than one, QEMU (7.2 to 11.1) at times goes on with a guest in a wrong state, or leaves an interrupt undelivered.
readonly lab_cpus=${LAB_CPUS:-1}
readonly lab_memory=${LAB_MEMORY:-4096}
# Loaded before the snapshot; inside the lab, modprobe finds the others.
readonly lab_modules=(
    virtio_pci virtiofs overlay kvm_amd vhost_net vhost_vsock vsock_loopback tun macvtap veth bridge loop af_packet
    sch_ingress cls_u32 cls_matchall act_mirred
)
readonly lab_sources=(tests/lab/lib/build.sh tests/lab/guest/init samples/lib/fetch-kernel.sh)

lab_is_fresh() { is_fresh lab "${lab_sources[@]}" && [ -f "$lab/initrd.img" ]; }

# lab_build: artifacts/lab/{vmlinuz,initrd.img}, and artifacts/lab/kernel with every module of that kernel.
lab_build() {
    lab_is_fresh && return
    prepare_tools kmod
    step "Building the kernel and the initramfs of the lab"
    local package version
    package=$(bash samples/lib/fetch-kernel.sh bookworm artifacts/kernels) || die "no kernel for the lab"
    mkdir -p "$lab"
    rm -rf "$lab/kernel" "$lab/initramfs"
    dpkg-deb --extract "$package" "$lab/kernel"
    version=$(cd "$lab/kernel/lib/modules" && echo *)
    depmod --basedir "$lab/kernel" "$version"
    lab_initramfs "$version" "$lab/initramfs"
    (cd "$lab/initramfs" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 --reproducible) > "$lab/initrd.img.partial"
    cp "$lab/kernel/boot/vmlinuz-$version" "$lab/vmlinuz"
    mv "$lab/initrd.img.partial" "$lab/initrd.img"
    rm -rf "$lab/initramfs"
    built lab "${lab_sources[@]}"
}

# lab_initramfs VERSION DIRECTORY: busybox, init and lab_modules with what they depend on, in the order of loading.
lab_initramfs() {
    local version=$1 root=$2 module path applet
    mkdir -p "$root"/{bin,dev,lower,proc,root,sys,upper}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
    cp tests/lab/guest/init "$root/init"
    chmod 755 "$root/init"
    for module in "${lab_modules[@]}"; do
        modprobe --dirname "$lab/kernel" --set-version "$version" --show-depends "$module" || die "the lab's kernel has no module $module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
        cp "$path" "$root/${path##*/}"
        printf '/%s\n' "${path##*/}" >> "$root/modules"
    done
}

#!/bin/sh
# machine.sh - run a command here, but on a virtual machine with limits of its own.
#
#     sh tests/tools/machine.sh MEMORY COMMAND...
#
# For trials that this machine's limits do not allow.  Inside is Debian's kernel, unpacked and not
# installed, and this machine's files, which may be read only; /tmp is empty, unless this folder is
# in it.  The command has root's rights there, this folder, BUILD, and no network but 127.0.0.1.
# Exits with what the command did.
set -e
machine=${BUILD:-build}/machine
mkdir -p "$machine"
machine=$(cd "$machine" && pwd)
memory=$1
shift
[ "$(uname -m)" = x86_64 ] || { echo "machine.sh: for x86-64 alone" && exit 1; }

sh tests/tools/need.sh qemu-system-x86
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: *//p')
sh tests/tools/foreign.sh amd64 "$machine/unpacked" busybox-static "${kernel:?apt does not know it}"

# ---- The first files: what mounts the others -----------------------------------------------------

root=$machine/initramfs
busybox=$machine/unpacked/bin/busybox
rm -rf "$root"
mkdir -p "$root/bin" "$root/proc" "$root/host"
cp "$busybox" "$root/bin"
(
    cd "$machine/unpacked"
    find lib/modules \( -path '*/drivers/virtio/*' -o -path '*/9p/*' -o -path '*/fs/netfs/*' \
        -o -path '*/fs/fscache/*' \) -name '*.ko*' -exec cp --parents -t "$root" {} +
)
for modules in "$root"/lib/modules/*; do
    "$busybox" depmod -b "$root" "${modules##*/}"
done

# As words that sh reads again.
quoted() {
    for word; do printf "'%s' " "$(printf %s "$word" | sed "s/'/'\\\\''/g")"; done
}
{
    echo "cd $(quoted "$PWD")"
    echo "export PATH=$(quoted "$PATH") BUILD=$(quoted "${BUILD:-build}")"
    quoted "$@"
} >"$root/command"

empty="tmpfs:run tmpfs:tmp"
case $PWD in /tmp/*) empty=tmpfs:run ;; esac
cat >"$root/init" <<END
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
modprobe -a virtio_pci 9pnet_virtio 9p
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=262144 host /host
for fs in proc:proc sysfs:sys devtmpfs:dev $empty; do
    mount -t \${fs%:*} \${fs%:*} /host/\${fs#*:}
done
ip link set lo up
stty -F /host/dev/ttyS1 -opost
cp /command /host/run
chroot /host /bin/sh /run/command </host/dev/null >/host/dev/ttyS1 2>&1
echo \$? >/host/dev/ttyS2
poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . | "$busybox" cpio -o -H newc) >"$machine/initramfs.cpio" 2>/dev/null

# ---- The machine: its log is the first serial line, the command's output the second --------------

# A KVM on a CPU that virtualizes nothing takes guests made for it alone.
accel=tcg
[ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo && accel=kvm

qemu-system-x86_64 -accel $accel -cpu max -smp "$(nproc)" -m "$memory" \
    -kernel "$machine"/unpacked/boot/vmlinuz-* -initrd "$machine/initramfs.cpio" \
    -append 'console=ttyS0 panic=-1' -no-reboot -nodefaults -display none \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -serial "file:$machine/log" -serial stdio -serial "file:$machine/status" </dev/null
status=$(cat "$machine/status")
[ "$status" ] || tail -n 20 "$machine/log"
exit "${status:-1}"

# Virtual machines with soft-RoCE devices: shared by tests/soft_roce/run and tests/soft_roce/cluster.
#
# A machine boots Debian's own kernel from /boot with a small initramfs (busybox and the modules below), sees this host's files through
# 9p under a layer in memory (so it may write everywhere, and nothing it writes stays), and runs the very binaries built outside.
# QEMU emulates the processor: times inside compare only with times of the same boot.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
modules="crc32_generic virtio_pci virtio_net 9pnet_virtio 9p overlay rdma_rxe rdma_ucm veth bridge sch_netem"
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Sets `kernel` to the version of the newest kernel in /boot that has its modules.
find_kernel() {
  local need
  for need in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio modprobe:kmod rdma:iproute2; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${need%%:*}" >/dev/null ||
      die "${need%%:*} is missing: apt-get install qemu-system-x86 linux-image-amd64 busybox-static cpio kmod iproute2 rdma-core ibverbs-utils"
  done
  kernel=
  for image in $(ls -v /boot/vmlinuz-* 2>/dev/null); do
    [ -d "/lib/modules/${image#/boot/vmlinuz-}/kernel/drivers/infiniband/sw/rxe" ] && kernel=${image#/boot/vmlinuz-}
  done
  [ -n "$kernel" ] || die "no kernel with the rdma_rxe module in /boot: apt-get install linux-image-amd64"
}

# make_initramfs FOLDER: writes FOLDER/initramfs.
make_initramfs() {
  local root=$1/root module path
  mkdir -p "$root"/{bin,modules,dev,proc,sys,host,layer,new}
  cp "$(command -v busybox)" "$root/bin/busybox"
  cp "$here/init" "$root/init"
  chmod 755 "$root/init"
  for module in $modules; do
    PATH=$PATH:/usr/sbin:/sbin modprobe -S "$kernel" --show-depends "$module" || die "kernel $kernel has no module $module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$1/modules"
  while read -r path; do
    cp "$path" "$root/modules/"
    basename "$path"
  done <"$1/modules" >"$root/modules/order"
  (cd "$root" && find . | cpio --quiet -o -H newc) >"$1/initramfs"
  rm -r "$root"
}

# quoted WORDS...: a shell line that gives the words again.
quoted() { printf '%q ' "$@"; }

# start_vm FOLDER HOST QEMU-ARGUMENTS...: boots a machine and waits for its end. FOLDER holds `initramfs` and gets `share-HOST`, whose `job` the
# machine runs with bash and whose `status` becomes its exit code. What the job prints comes out on stdout, the kernel's words go to FOLDER/kernel-HOST.log.
start_vm() {
  local folder=$1 host=$2
  shift 2
  # no_timer_check: on a busy host the kernel's test of the timer takes longer than it may, and the boot ends there.
  exec qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m "${WEFT_VM_MEMORY:-1536}" -nodefaults -display none -no-reboot \
    -kernel "/boot/vmlinuz-$kernel" -initrd "$folder/initramfs" \
    -append "console=ttyS0 quiet loglevel=4 panic=-1 no_timer_check mitigations=off random.trust_cpu=on tsc=reliable weft_host=$host" \
    -chardev "file,id=kernel,path=$folder/kernel-$host.log" -serial chardev:kernel \
    -chardev stdio,id=job,signal=off -serial chardev:job \
    -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
    -virtfs "local,path=$folder/share-$host,mount_tag=share,security_model=none" \
    "$@" </dev/null
}

# Reads a machine's exit code; one that never wrote it crashed or was killed.
exit_code_of() {
  local file=$1/share-$2/status
  [ -s "$file" ] && cat "$file" || echo 255
}

cleanup() {
  local code=$?
  trap - EXIT INT TERM
  [ -z "$(jobs -p)" ] || kill $(jobs -p) 2>/dev/null || true
  wait 2>/dev/null || true
  [ -n "${WEFT_VM_KEEP:-}" ] || rm -rf "$work"
  exit "$code"
}

# kill_after SECONDS PROCESSES...: in the background; leaves the file `late` behind when it had to.
kill_after() {
  local seconds=$1
  shift
  {
    trap 'kill $nap; exit' TERM
    sleep "$seconds" &
    nap=$!
    wait $nap && touch "$work/late" && kill -9 "$@"
  } >/dev/null 2>&1 &
}

# Makes `work`, a folder that goes away at the end (WEFT_VM_KEEP=1 keeps it, with the kernels' logs).
make_work() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/weft-vm-XXXXXX")
  trap cleanup EXIT
  trap 'exit 130' INT TERM
}

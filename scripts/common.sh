# Shared by scripts/demo and scripts/test: messages, and Debian packages.

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

library_packages=(g++ meson ninja-build pkg-config libhwloc-dev libhwy-dev libfmt-dev libcli11-dev
  nlohmann-json3-dev libpmix-dev)
peer_packages=(openmpi-bin libopenmpi-dev mpich libmpich-dev libgloo-dev gnuplot-nox python3)
test_packages=(ccache libgtest-dev librapidcheck-dev libbenchmark-dev librsvg2-bin libibverbs-dev libucx-dev
  clang libclang-rt-14-dev)
# For virtual machines with soft-RoCE devices (tests/soft_roce), and what weft is compared with there; iproute2 also for network namespaces (tests/netns).
vm_packages=(qemu-system-x86 linux-image-amd64 busybox-static cpio kmod iproute2 rdma-core ibverbs-utils
  perftest ucx-utils)

# Installs what is missing of the packages named, and nothing where all are there.
install_packages() {
  command -v dpkg-query >/dev/null || die "this needs Debian 12 (or a distribution with its packages); install: $*"
  local missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; as root: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  say "Installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
    # The lists of packages may be missing or old.
    "${sudo[@]}" apt-get update -q >>"$log" 2>&1 &&
      "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || {
      tail -n 15 "$log" >&2
      die "apt-get could not install ${missing[*]} (no network, or not Debian 12?); the whole log is $log"
    }
  fi
  rm -f "$log"
}

# Configures a build folder, once or after a change of its options.
configure() {
  local folder=$1
  shift
  if [ ! -f "$folder/build.ninja" ]; then
    say "Configuring $folder"
    meson setup "$folder" "$@" >"$folder.log" 2>&1 || { tail -n 20 "$folder.log" >&2; die "meson failed; the whole log is $folder.log"; }
    rm -f "$folder.log"
  else
    meson configure "$folder" "$@" >/dev/null
  fi
}

build() {
  say "Building $1"
  ninja -C "$@" || die "the build in $1 failed"
}

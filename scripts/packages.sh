# shellcheck shell=bash
# What weft needs, and its names: one need a line, first as Debian and Ubuntu call it, then as Fedora does (- where it has none). Names
# joined by | are those of different releases: the first that is installed counts, or else the first that there is.

library_needs="
g++                                          gcc-c++
meson                                        meson
ninja-build                                  ninja-build
pkg-config|pkgconf                           pkgconf-pkg-config
dpkg-dev                                     -
libhwloc-dev                                 hwloc-devel
libhwy-dev                                   google-highway-devel
libfmt-dev                                   fmt-devel
libcli11-dev                                 cli11-devel
nlohmann-json3-dev                           json-devel
libpmix-dev                                  pmix-devel"

peer_needs="
openmpi-bin                                  openmpi
libopenmpi-dev                               openmpi-devel
mpich                                        mpich
libmpich-dev                                 mpich-devel
libgloo-dev                                  -
gnuplot-nox                                  gnuplot
python3                                      python3"

test_needs="
ccache                                       ccache
libgtest-dev                                 gtest-devel
libgmock-dev                                 gmock-devel
librapidcheck-dev                            rapidcheck-devel
libbenchmark-dev                             google-benchmark-devel
librsvg2-bin                                 librsvg2-tools
libibverbs-dev                               rdma-core-devel
libucx-dev                                   ucx-devel
clang                                        clang
libclang-rt-dev|libclang-rt-19-dev|libclang-rt-14-dev compiler-rt
clang-format-19                              -
clang-tidy-19                                -
cmake                                        cmake
procps                                       procps-ng"

# For virtual machines with soft-RoCE devices (tests/soft_roce), and what weft is compared with there; iproute2 also for network
# namespaces (tests/netns).
vm_needs="
qemu-system-x86                              qemu-system-x86-core
linux-image-amd64|linux-image-generic        kernel-modules-extra
busybox-static|busybox                       busybox
cpio                                         cpio
kmod                                         kmod
iproute2                                     iproute-tc
rdma-core                                    rdma-core
ibverbs-utils                                libibverbs-utils
perftest                                     perftest
ucx-utils                                    ucx"

# For bare systems (tests/fresh) and other builds (tests/builds), which --long adds.
long_needs="
debootstrap                                  debootstrap
g++-aarch64-linux-gnu                        gcc-c++-aarch64-linux-gnu
qemu-user-static|qemu-user                   qemu-user-static"

# Installs what is missing of the needs in the named lists, and nothing where all is there.
install_needs() {
  local list needs=''
  for list in "$@"; do needs+=${!list}; done
  if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    install_by_apt "$needs"
  elif command -v rpm >/dev/null; then
    look_for_rpms "$needs"
  else
    echo "$(basename "$0"): this system's packages are unknown here; needed, as Debian calls them: $(names_of 1 "$needs" | tr '\n' ' ')" >&2
  fi
}

# names_of COLUMN NEEDS: one need a line.
names_of() { awk -v column="$1" 'NF { print $column }' <<<"$2"; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
# awk reads to the end: what stops at its match breaks the pipe, which `pipefail` takes for a failure.
is_known() { apt-cache policy "$1" 2>/dev/null | awk '/^  Candidate: [^(]/ { known = 1 } END { exit !known }'; }

# Sets `missing` to packages that meet the needs that nothing installed meets, and `unmet` to the needs that no known package does.
find_missing() {
  local need name
  missing=() unmet=()
  while read -r need; do
    for name in ${need//|/ }; do ! is_installed "$name" || continue 2; done
    for name in ${need//|/ }; do
      if is_known "$name"; then
        missing+=("$name")
        continue 2
      fi
    done
    unmet+=("$need")
  done < <(names_of 1 "$1")
}

install_by_apt() {
  local missing unmet log sudo=() get
  find_missing "$1"
  [ $((${#missing[@]} + ${#unmet[@]})) -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; as root: apt-get install ${missing[*]} ${unmet[*]}"
    sudo=(sudo)
  fi
  log=$(mktemp)
  get=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  # The lists of packages may be missing or old.
  if [ ${#unmet[@]} -gt 0 ]; then
    "${get[@]}" update >>"$log" 2>&1 || true
    find_missing "$1"
    [ ${#unmet[@]} -eq 0 ] || die "apt knows no package for: ${unmet[*]} (names of Debian 12 and 13; apt-get update said: $(tail -n 3 "$log"))"
  fi
  say "Installing ${missing[*]}"
  if ! "${get[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    # The lists may be old, or dpkg was interrupted by whoever used it before.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive dpkg --configure -a >>"$log" 2>&1 || true
    "${get[@]}" update >>"$log" 2>&1 && "${get[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || {
      tail -n 15 "$log" >&2
      die "apt-get could not install ${missing[*]} (no network?); the whole log is $log"
    }
  fi
  rm -f "$log"
}

# Says what is missing and how to install it: these scripts install nothing here.
look_for_rpms() {
  local name missing=()
  while read -r name; do
    [ "$name" = - ] || rpm -q --whatprovides "$name" >/dev/null 2>&1 || missing+=("$name")
  done < <(names_of 2 "$1")
  [ ${#missing[@]} -eq 0 ] || die "install first: sudo dnf install ${missing[*]}"
}

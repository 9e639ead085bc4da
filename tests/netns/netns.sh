# shellcheck shell=bash
# Hosts on one machine: shared by tests/netns/cluster and tests/netns/check.
#
# A script that sources this calls enter, which runs it again inside namespaces of its own, on the "head": a network with nothing but a
# bridge, and process ids of which the script is the first. start_hosts then makes hosts, each with an own network (eth0, joined to the
# bridge), host name, process ids and /dev/shm, so that programs take them for machines; the files they share. When the script ends, however
# it ends, the kernel takes all of it away: processes, interfaces, mounts. Nothing has a name outside, so clusters never meet.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Why there can be no hosts here, in a line; nothing where there can.
why_not() {
  local need
  [ "$(id -u)" -eq 0 ] || { echo "network namespaces need root"; return; }
  for need in ip:iproute2 unshare:util-linux nsenter:util-linux setpriv:util-linux; do
    command -v "${need%%:*}" >/dev/null || { echo "${need%%:*} is missing: apt-get install ${need#*:}"; return; }
  done
  unshare --net --uts --mount --pid --fork sh -c 'mount -t proc proc /proc && mount -t sysfs sysfs /sys' 2>/dev/null ||
    { echo "this system does not let root make namespaces (in a container: --privileged)"; return; }
  unshare --net ip link add br0 type bridge 2>/dev/null || echo "this kernel has no bridges"
}

# Ends with 77 and a word where there can be no hosts.
need_namespaces() {
  local reason
  reason=$(why_not)
  [ -n "$reason" ] || return 0
  echo "$(basename "$0"): skipped: $reason" >&2
  exit 77
}

# enter ARGUMENTS...: returns in a second run of this script with these arguments, inside; `work` is a folder that goes away at the end.
# Outside it does not return, but ends with the code of the second run, or with 77 where there can be no hosts.
enter() {
  if [ $$ -eq 1 ] && [ -n "${NETNS_WORK:-}" ]; then
    work=$NETNS_WORK
    unset NETNS_WORK
    read -r pid _ </proc/self/stat # as those outside call it: this /proc is still theirs
    echo "$pid" >"$work/head"
    mount -t proc proc /proc && mount -t tmpfs tmpfs /dev/shm && ip link set lo up || die "the namespaces cannot be set up"
    return
  fi
  need_namespaces
  work=$(mktemp -d "${TMPDIR:-/tmp}/weft-netns-XXXXXX")
  second_run=
  trap leave EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  NETNS_WORK=$work setpriv --pdeathsig KILL unshare --net --uts --mount --pid --fork --kill-child "$0" "$@" &
  second_run=$!
  local code=0
  wait $second_run || code=$?
  second_run=
  exit $code
}

# Ends what runs inside, whose first process takes all others with it and is not gone before they are.
leave() {
  local code=$? first
  trap - EXIT INT TERM
  if [ -n "$second_run" ]; then
    kill -9 "$second_run" || true
    wait "$second_run" 2>/dev/null || true
    first=$(cat "$work/head" 2>/dev/null) || true
    until [ -z "$first" ] || [ ! -e "/proc/$first" ] || grep -qs '^State:.*zombie' "/proc/$first/status"; do sleep 0.01; done
  fi
  rm -rf "$work"
  exit $code
}

declare -a host_init ranks_of  # by host: its first process, whose end is the host's; how many ranks it has
declare -a host_of local_of    # by rank: its host, its number there
ranks=0

# start_hosts COUNT [machine]: hosts host0, host1, ... with the addresses 10.0.0.1, 10.0.0.2, ...; the head has 10.0.0.254. "machine": with boot ids
# of their own, so that programs do not know that they share this machine's cores.
start_hosts() {
  local host
  echo head >/proc/sys/kernel/hostname
  ip link add br0 type bridge && ip addr add 10.0.0.254/24 dev br0 && ip link set br0 up || die "no bridge"
  {
    printf '127.0.0.1 localhost\n10.0.0.254 head\n'
    for ((host = 0; host < $1; host++)); do echo "$(address_of $host) host$host"; done
  } >"$work/hosts"
  mount --bind "$work/hosts" /etc/hosts || die "no names"
  for ((host = 0; host < $1; host++)); do
    start_host $host "${2:-}"
    plug $host eth0 "$(address_of $host)/24"
  done
}

address_of() { echo "10.0.0.$(($1 + 1))"; }

start_host() {
  local ready=$work/ready-$1
  mkfifo "$ready"
  unshare --net --uts --mount --pid --fork --kill-child "$here/host" "$1" "$ready" "${2:-}" &
  read -r -t 20 "host_init[$1]" <>"$ready" || die "host$1 does not start"
  echo "${host_init[$1]}" >"$work/host$1"
  rm "$ready"
}

# plug HOST INTERFACE ADDRESS/BITS: a cable from the host's new interface to the bridge; its other end is called INTERFACE-HOST here.
plug() {
  ip link add "$2-$1" type veth peer name "$2" netns "${host_init[$1]}" && ip link set "$2-$1" master br0 up &&
    in_host "$1" ip addr add "$3" dev "$2" && in_host "$1" ip link set "$2" up || die "host$1: no $2"
}

# unplug HOST INTERFACE: out of the bridge. The interface stays up.
unplug() { ip link set "$2-$1" nomaster; }

# set_mtu HOST INTERFACE BYTES: of both ends of its cable.
set_mtu() { in_host "$1" ip link set "$2" mtu "$3" && ip link set "$2-$1" mtu "$3"; }

# into HOST: sets `into` to the words that, before a command, run it in the host, in this folder, with this environment.
into() { into=(nsenter --target "${host_init[$1]}" --net --uts --mount --pid --wdns="$PWD" --); }

# in_host HOST COMMAND...: runs it there and gives its code.
in_host() {
  local -a into
  into "$1"
  "${into[@]}" "${@:2}"
}

# Every process of the host ends at once, and its network with them.
power_off() { kill -9 "${host_init[$1]}"; }

# place_ranks SHAPE [dealt]: numbers the ranks host by host, or dealt round the hosts. SHAPE is HOSTSxRANKS, or the ranks of each host: 1,3,2.
# Fails where it is neither.
place_ranks() {
  local host before
  if [[ $1 =~ ^([1-9][0-9]?)x([1-9][0-9]?)$ ]]; then
    for ((host = 0; host < BASH_REMATCH[1]; host++)); do ranks_of[host]=${BASH_REMATCH[2]}; done
  elif [[ $1 =~ ^[1-9][0-9]?(,[1-9][0-9]?)+$ ]]; then
    IFS=, read -r -a ranks_of <<<"$1"
  else
    return 1
  fi
  local -a placed=()
  while before=$ranks; do
    for host in "${!ranks_of[@]}"; do
      while [ "${placed[host]:-0}" -lt "${ranks_of[host]}" ]; do
        host_of[ranks]=$host
        local_of[ranks]=$((placed[host]++))
        ranks=$((ranks + 1))
        [ "${2:-}" != dealt ] || break
      done
    done
    [ "$ranks" -gt "$before" ] || return 0
  done
}

# What programs find in their environment, where the user did not say otherwise.
set_defaults() {
  export WEFT_TRANSPORTS=${WEFT_TRANSPORTS:-shm,ucx} UCX_TLS=${UCX_TLS:-tcp} UCX_NET_DEVICES=${UCX_NET_DEVICES:-eth0}
}

# as_rank RANK COMMAND...: runs it on the rank's host, with the variables that torchrun sets. In the background or in a pipe only: it takes
# the place of the shell.
as_rank() {
  local rank=$1 host=${host_of[$1]}
  local -a into
  into "$host"
  exec "${into[@]}" env RANK="$rank" WORLD_SIZE="$ranks" LOCAL_RANK="${local_of[rank]}" LOCAL_WORLD_SIZE="${ranks_of[host]}" \
    MASTER_ADDR="$(address_of 0)" MASTER_PORT=29500 "${@:2}"
}

# across_hosts MPIRUN-ARGUMENTS...: Open MPI's launcher on the head, its daemons on the hosts, each rank where it was placed: a line each, which
# all releases take alike (PRRTE deals no ranks to hosts of uneven slots).
across_hosts() {
  printf 'host%s\n' "${host_of[@]}" >"$work/ranks"
  # The hosts share this machine's cores: no rank is bound, and one that waits yields.
  # Open MPI 5 starts them by PRRTE, which has names of its own for what 4 called orte, plm and hwloc.
  env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 NETNS_WORK="$work" \
    OMPI_MCA_plm_rsh_agent="$here/agent" OMPI_MCA_orte_tmpdir_base="$work" OMPI_MCA_oob_tcp_if_include=10.0.0.0/24 \
    OMPI_MCA_hwloc_base_binding_policy=none \
    PRTE_MCA_plm_ssh_agent="$here/agent" PRTE_MCA_prte_tmpdir_base="$work" PRTE_MCA_prte_if_include=10.0.0.0/24 \
    PRTE_MCA_hwloc_default_binding_policy=none \
    OMPI_MCA_btl_tcp_if_include=10.0.0.0/24 OMPI_MCA_pml="${OMPI_MCA_pml:-ob1}" OMPI_MCA_btl="${OMPI_MCA_btl:-tcp,self,vader}" \
    OMPI_MCA_btl_base_warn_component_unused=0 OMPI_MCA_mpi_yield_when_idle=1 \
    "$(open_mpi)" --hostfile "$work/ranks" --map-by seq -n "$ranks" "$@"
}

# Open MPI's launcher where another MPI's may have the common name.
open_mpi() { command -v mpirun.openmpi || command -v mpirun; }

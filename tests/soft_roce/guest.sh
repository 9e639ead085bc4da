# Runs inside the machines, before the job: network interfaces and their RDMA devices.

# add_device NAME INTERFACE ADDRESS/BITS: an interface that is up, with a RoCE v2 device on it.
add_device() {
  ip link set "$2" mtu 4200 up && ip addr add "$3" dev "$2" && rdma link add "$1" type rxe netdev "$2"
}

# wait_for_gid DEVICE: the kernel fills the table of addresses a moment later.
wait_for_gid() {
  local tries
  for tries in $(seq 100); do
    grep -qs "0000:0000:0000:0000:0000:ffff:" "/sys/class/infiniband/$1/ports/1/gids/"* && return
    sleep 0.05
  done
  echo "guest: $1 got no address" >&2
  return 1
}

# one_machine COUNT: rxe0 and, with 2, rxe1, on the ends of a pair of virtual cables.
one_machine() {
  ip link add e0 type veth peer name e1 || return
  # Both ends are this machine's own: let each answer the other.
  local setting
  for setting in e{0,1}/accept_local=1 e{0,1}/arp_ignore=1; do
    echo "${setting#*=}" >"/proc/sys/net/ipv4/conf/${setting%=*}"
  done
  add_device rxe0 e0 10.0.0.1/24 && wait_for_gid rxe0 || return
  if [ "$1" -eq 2 ]; then
    add_device rxe1 e1 10.0.0.2/24 && wait_for_gid rxe1
  else
    ip link set e1 up
  fi
}

# one_of_cluster HOST: rxe0 on the network card that all machines share.
one_of_cluster() {
  add_device rxe0 eth0 "10.0.0.$(($1 + 1))/24" && wait_for_gid rxe0
}

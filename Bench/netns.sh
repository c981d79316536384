#!/usr/bin/env bash
# netns.sh: runs ranks on "hosts" that are network namespaces of this machine, joined by veth pairs and a bridge. Each has its own host
# name, so that MPI takes it for a machine and uses TCP. tc limits what each host sends and receives. Needs root and Debian's iproute2.
#   --hosts N            namespaces [4]
#   --ranks-per-host N   ranks in each [1]
#   --rate R             rate of each host's link in each direction, as tc spells it: 100mbit, 1gbit; none for no limit [1gbit]
#   --mpi LIB            openmpi or mpich [openmpi]
#   --latency            print the round trip of a small message between two hosts first
# The command follows: Bench/netns.sh --rate 1gbit -- gpucnn bench --distributed
# There is no delay to set: it needs tc's netem, which kernels may lack. The hosts go when the command ends, however it ends.
set -uo pipefail
hosts=4 per=1 rate=1gbit mpi=openmpi latency=
while (($#)); do
  case "$1" in
    --hosts | --ranks-per-host | --rate | --mpi)
      [ $# -ge 2 ] || { echo "$1 expects a value." >&2; exit 2; }
      case "$1" in --hosts) hosts=$2 ;; --ranks-per-host) per=$2 ;; --rate) rate=$2 ;; --mpi) mpi=$2 ;; esac
      shift 2 ;;
    --latency) latency=1; shift ;;
    --) shift; break ;;
    -*) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -ge 1 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ $hosts =~ ^[1-9][0-9]?$ && $per =~ ^[1-9][0-9]?$ ]] || { echo "--hosts and --ranks-per-host expect 1 to 99." >&2; exit 2; }
[[ $mpi == openmpi || $mpi == mpich ]] || { echo "--mpi expects openmpi or mpich, but got '$mpi'." >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "netns.sh makes network namespaces, which needs root." >&2; exit 2; }
for tool in ip tc "mpirun.$mpi"; do
  command -v "$tool" > /dev/null || { echo "netns.sh needs '$tool' (Debian: iproute2, openmpi-bin, mpich)." >&2; exit 2; }
done

# What may leave at once, ahead of the rate: 2 ms of it. Timers wake late on cores that compute, and then the link is owed that much.
case $rate in
  *gbit) burst=$(awk "BEGIN { printf \"%d\", ${rate%gbit} * 250000 }") ;;
  *mbit) burst=$(awk "BEGIN { b = ${rate%mbit} * 250; printf \"%d\", (b > 4000 ? b : 4000) }") ;;
  none) burst= ;;
  *) echo "--rate expects a number of mbit or gbit, or none, but got '$rate'." >&2; exit 2 ;;
esac
name=gpucnn$$ # of this run; hosts are named after it
folder=$(mktemp -d)
launcher=

clean() {
  trap '' INT TERM HUP
  local space
  [ -z "$launcher" ] || kill -TERM "$launcher" 2> /dev/null
  for space in $(ip netns list | awk -v name="$name-" 'index($1, name) == 1 { print $1 }'); do
    ip netns pids "$space" 2> /dev/null | xargs -r kill -KILL 2> /dev/null
    ip netns del "$space"
  done
  rm -rf "$folder"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

must() { "$@" || { echo "netns.sh: failed: $*" >&2; exit 1; }; }

# The switch is a namespace too, so that nothing of this machine's own network changes.
must ip netns add "$name-switch"
must ip -n "$name-switch" link add bridge type bridge
must ip -n "$name-switch" link set bridge up
printf '127.0.0.1 localhost\n' > "$folder/hosts"
for ((i = 0; i < hosts; i++)); do
  host=$name-$i
  must ip netns add "$host"
  must ip -n "$host" link add eth0 type veth peer name "port$i" netns "$name-switch"
  must ip -n "$host" addr add "10.123.0.$((i + 1))/24" dev eth0
  must ip -n "$host" link set lo up
  must ip -n "$host" link set eth0 up
  must ip -n "$name-switch" link set "port$i" master bridge up
  # Congestion control that takes the link for what it is; BBR probes for more, and that takes seconds.
  ip netns exec "$host" sysctl -qw net.ipv4.tcp_congestion_control=cubic 2> /dev/null
  if [ "$rate" != none ]; then
    # What a host sends waits in its own queue; what others send it at once waits in the switch.
    must tc -n "$host" qdisc add dev eth0 root tbf rate "$rate" burst "$burst" limit 16mb
    must tc -n "$name-switch" qdisc add dev "port$i" root tbf rate "$rate" burst "$burst" limit 16mb
  fi
  echo "10.123.0.$((i + 1)) $host" >> "$folder/hosts"
  echo "$host" >> "$folder/names"
done

# What MPI starts in place of ssh: options, a host, and a command for a shell.
cat > "$folder/agent" << AGENT
#!/usr/bin/env bash
while [[ \${1:-} == -* ]]; do shift; done
host=\$1
shift
exec ip netns exec "\$host" unshare --uts --mount bash -c '
  hostname "\$0" && mount --bind "$folder/hosts" /etc/hosts && exec bash -c "\$1"' "\$host" "\$*"
AGENT
chmod +x "$folder/agent"

if [ -n "$latency" ] && ((hosts > 1)); then
  ip netns exec "$name-0" ping -q -c 200 -i 0.002 10.123.0.2 2> /dev/null | tail -1
fi

ranks=$((hosts * per))
case $mpi in
  openmpi)
    sed "s/\$/ slots=$per/" "$folder/names" > "$folder/slots"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    start=(mpirun.openmpi -n "$ranks" --hostfile "$folder/slots" --bind-to none --mca plm rsh --mca plm_rsh_agent "$folder/agent"
      --mca pml ob1 --mca btl tcp,self,vader --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0
      --mca mpi_yield_when_idle 1)
    ;;
  mpich)
    sed "s/\$/:$per/" "$folder/names" > "$folder/slots"
    start=(mpirun.mpich -n "$ranks" -f "$folder/slots" -launcher ssh -launcher-exec "$folder/agent" -iface eth0
      -genv UCX_NET_DEVICES eth0 -genv UCX_TLS "tcp,self,sysv,posix")
    ;;
esac
# The launcher runs on the first host, like a user who is logged in there.
export -n BASH_ENV
ip netns exec "$name-0" unshare --uts --mount bash -c '
  hostname "$0" && mount --bind "$1" /etc/hosts && shift && exec "$@"' "$name-0" "$folder/hosts" "${start[@]}" "$@" &
launcher=$!
wait "$launcher"
status=$?
launcher=
exit "$status"

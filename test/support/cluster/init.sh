#!/bin/bash
# Process 1 of a node's namespaces; its argument is the run's folder. Each line on standard input is the name of a
# process and its command, quoted for a shell. The process writes to logs/NAME.log, and its end is reported on
# standard output. When the input ends, because its writer closed it or died, this script ends, and the kernel
# then kills everything in the namespaces and removes their mounts and their network.
set -u
folder=$1

fail() {
  echo "failed $1"
  exit 1
}

# Nothing that is mounted here may show outside; among themselves the processes here see each other's mounts.
if ! mount --make-rprivate / || ! mount --make-rshared /; then
  fail 'the mounts could not be made private'
fi

# Places that the programs take as given are this node's own.
mount -t tmpfs -o mode=755 tmpfs /run || fail '/run could not be mounted'
for place in /var/lib/cni /var/lib/kubelet /var/log; do
  mkdir -p "$folder/own$place" "$place"
  mount --bind "$folder/own$place" "$place" || fail "$place could not be mounted"
done

# The kubelet wants these values and would set them for the whole machine; here it finds them set.
fake() {
  [ -e "/proc/sys/$1" ] || return 0
  mkdir -p "$folder/own/sys"
  echo "$2" >"$folder/own/sys/${1//\//.}"
  mount --bind "$folder/own/sys/${1//\//.}" "/proc/sys/$1" || fail "$1 could not be covered"
}
fake vm/overcommit_memory 1
fake vm/panic_on_oom 0
fake kernel/panic 10
fake kernel/panic_on_oops 1
fake kernel/keys/root_maxkeys 1000000
fake kernel/keys/root_maxbytes 25000000

# These belong to the network namespace.
echo 1 >/proc/sys/net/ipv4/ip_forward || fail 'forwarding could not be switched on'
echo ready

while IFS= read -r line; do
  name=${line%% *}
  {
    # The subshell becomes the program.
    (eval "exec ${line#* }") </dev/null >"$folder/logs/$name.log" 2>&1
    echo "exit $name $?"
  } &
done

#!/usr/bin/env bash
# `cluster.sh start FOLDER` makes this machine a Slurm cluster of one node, with state and logs in FOLDER; `cluster.sh stop FOLDER`
# ends what was started and takes away what was written. Where there cannot be one it says why and exits with 77.
set -euo pipefail
folder=$(readlink -m "$2")
here=$(dirname "$(readlink -f "$0")")
conf=/etc/slurm/slurm.conf # job steps know no other place

unless() {
    "${@:2}" >/dev/null 2>&1 || { echo "$1" && exit 77; }
}

ours() {
    [ ! -e $conf ] || head -n 1 $conf | grep -q isogloss-test
}

start() {
    unless "Slurm is not installed (tests/slurm/install.sh does that on Debian)" which slurmctld slurmd munged sbatch
    unless "only root can start Slurm" [ "$(id -u)" = 0 ]
    unless "$conf is not of this test, so the machine belongs to a cluster" ours
    [ ! -e $conf ] || unless "another run of this test uses Slurm (if not, delete $conf)" false

    mkdir -p "$folder/spool" /etc/slurm
    sed -e "s|HOST|$(hostname -s)|; s|FOLDER|$folder|; s|CPUS|$(nproc)|; s|MEMORY|$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)|" \
        "$here/slurm.conf" >$conf
    echo "Name=gpu File=/dev/null" >/etc/slurm/gres.conf # an accelerator that can be asked for, but not used
    (umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
    munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
        --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
    slurmctld
    slurmd
    for _ in $(seq 30); do
        sleep 1
        [ "$(timeout 5 sinfo --noheader --format=%T 2>/dev/null)" != idle ] || exit 0
    done
    echo "the node did not come up"
    tail -n 20 "$folder"/slurm*.log
    exit 1
}

stop() {
    timeout 10 scancel --user=root || true
    for daemon in slurmd slurmctld munged; do
        pid=$(cat "$folder/$daemon.pid" 2>/dev/null) || continue
        kill "$pid" || true
        timeout 30 tail --pid="$pid" -f /dev/null || kill -9 "$pid"
    done
    rm -f $conf /etc/slurm/gres.conf
}

"$1"

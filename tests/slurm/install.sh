#!/usr/bin/env bash
# Slurm for tests/test_slurm.py, from Debian's archive; meant for a machine that is thrown away (continuous integration). Where that is
# impossible it says so and succeeds: the test is then skipped.
set -uo pipefail

if command -v slurmctld slurmd munged >/dev/null; then
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    reason="only root can install it, on Debian or Ubuntu"
elif ! (timeout 120 apt-get update && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install --yes --no-install-recommends slurmctld slurmd slurm-client munge) \
    >"$log" 2>&1; then
    reason="apt-get: $(tail -n 1 "$log")"
else
    exit 0
fi
echo "!!! The profile for Slurm will NOT be tested, Slurm is not installed: $reason" >&2

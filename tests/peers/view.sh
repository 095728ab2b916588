#!/bin/sh
# Runs a command where the folder of a drop is / and the machine's programs are around it: view.sh DROP WORK COMMAND...
# Peers' suites compare files on the client's disk with files on the server's, under the same paths. Called inside a
# mount namespace of its own (unshare --mount), so that nothing of this is seen outside or outlives the command.
set -eu
drop=$1 work=$2
shift 2
for folder in usr dev proc etc var tmp root run peer; do mkdir -p "$drop/$folder"; done
for link in bin lib lib64 sbin; do ln -sfn "usr/$link" "$drop/$link"; done
for folder in usr dev proc etc var; do mount --rbind "/$folder" "$drop/$folder"; done
for folder in tmp root run; do mount -t tmpfs none "$drop/$folder"; done
mkdir "$drop/run/sshd"
mount --bind "$work" "$drop/peer"
exec chroot "$drop" "$@"

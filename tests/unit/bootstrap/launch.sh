#!/bin/sh
# launch.sh LAUNCHER RANKS PROGRAM [ARGUMENT...]: runs the program under an MPI launcher, on any number
# of cores and as any user. Ends with 77 (meson: skipped) where the launcher is not installed.
launcher=$1 ranks=$2
shift 2
command -v "$launcher" >/dev/null || { echo "$launcher is not installed"; exit 77; }
case $launcher in
  *openmpi*) set -- --allow-run-as-root --oversubscribe -n "$ranks" "$@" ;;
  *) set -- -n "$ranks" "$@" ;;
esac
# Leaks in the launcher's own libraries are not weft's.
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
exec timeout --kill-after=5 60 "$launcher" "$@"

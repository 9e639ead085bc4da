#!/bin/sh
# check_format.sh ROOT [FILE...]: whether clang-format 19 would leave the sources as they are; all of them where none is named. 77: it is not
# installed. Another version formats otherwise, so that none takes its place.
set -eu
cd "$1"
shift
command -v clang-format-19 >/dev/null || { echo "clang-format-19 is missing: apt-get install clang-format-19"; exit 77; }
if [ $# -eq 0 ]; then
  set -- $(find include src transports perf tools examples tests -name '*.h' -o -name '*.cc')
fi
clang-format-19 --dry-run --Werror "$@"
echo "$# files are formatted"

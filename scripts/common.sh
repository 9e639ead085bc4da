# shellcheck shell=bash
# Shared by the scripts: messages, what has to be installed, build folders.

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# shellcheck source-path=SCRIPTDIR source=packages.sh
. scripts/packages.sh

# choose_tool NAME OLDEST: PATH's program or, where that does not run or is too old, the system's: another project's environment may stand
# first in PATH.
choose_tool() {
  local tool version
  for tool in "$(type -P "$1")" "/usr/bin/$1"; do
    version=$("$tool" --version 2>/dev/null) || continue
    if printf '%s\n' "$2" "${version%%$'\n'*}" | sort -C -V; then
      echo "$tool"
      return
    fi
  done
  die "$1 $2 or newer is missing"
}

# meson ARGUMENTS..., ninja ARGUMENTS...: those that were chosen, and for meson the ninja that was.
meson() { NINJA=${ninja_program:=$(choose_tool ninja 1.8)} "${meson_program:=$(choose_tool meson 1.0)}" "$@"; }
ninja() { "${ninja_program:=$(choose_tool ninja 1.8)}" "$@"; }

# Sets `strict`: meson's options for who wants warnings to be errors. GCC 12 sees overlaps in std::string that are not there.
strict_options() {
  strict=(-Dwerror=true)
  case "${CXX:-}" in *clang*) ;; *) strict+=(-Dcpp_args=-Wno-error=restrict) ;; esac
}

# Configures a build folder, once or after a change of its options; anew where another meson made it.
configure() {
  local folder=$1
  shift
  [ ! -f "$folder/build.ninja" ] || ! meson configure "$folder" "$@" >/dev/null 2>&1 || return 0
  say "Configuring $folder"
  [ ! -d "$folder/meson-info" ] || set -- --wipe "$@"
  meson setup "$folder" "$@" >"$folder.log" 2>&1 || { tail -n 20 "$folder.log" >&2; die "meson failed; the whole log is $folder.log"; }
  rm -f "$folder.log"
}

build() {
  say "Building $1"
  ninja -C "$@" || die "the build in $1 failed"
}

#!/usr/bin/env bash
# Runs clang-tidy over the floors that are cheap to parse.
#
#   tests/tidy/clang_tidy.sh [BUILD_DIR]      (build/asan: a folder configured with clang++)
#
# Exit 0: clean; 1: findings; 2: it could not run.  A file that was clean is skipped until it, a
# header it includes, its command or .clang-tidy changes; BUILD_DIR/clang_tidy_clean remembers.
# JOBS: how many at once, one a core unless told.  CLANG_TIDY: the program, clang-tidy-14.
# DEEP=1: with clang-analyzer-*, which takes half of the time and looks for what the asan suite and
# the fuzzers find as well.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/../.."

build=${1:-build/asan}
checks='-clang-analyzer-*'
if [ "${DEEP:-0}" = 1 ]; then checks=''; fi
export build checks CLANG_TIDY=${CLANG_TIDY:-clang-tidy-14}
folders=(gslb/{base,dns,geo,config,zone,fleet,measure,steer,answer,server} edge/{http,cache,config})
# Left out: their headers take 1 to 5 s to parse before any check runs.
dear='^#include [<"](boost/|prometheus/|toml\+\+/)'

fail() { echo "clang_tidy.sh: $1" >&2; exit 2; }
[ -f "$build/compile_commands.json" ] ||
  fail "no $build/compile_commands.json; configure first: cmake --preset asan"
command -v "$CLANG_TIDY" >/dev/null || fail "$CLANG_TIDY is not installed"

clean=$build/clang_tidy_clean
mkdir -p "$clean"
found=$(mktemp -d)
export clean found
trap 'rm -rf "$found"' EXIT

# Prints "FILE HEADER..." for each source: the project headers it includes, directly or not.
closures() {
  grep -rE '^#include "' gslb edge --include='*.h' --include='*.cc' | awk -F'[:"]' -v wanted="$*" '
    { includes[$1] = includes[$1] " " $3 }
    function visit(file,    list, count, i) {
      count = split(includes[file], list, " ")
      for (i = 1; i <= count; i++) {
        if (!(list[i] in seen)) { seen[list[i]] = 1; printf " %s", list[i]; visit(list[i]) }
      }
    }
    END {
      total = split(wanted, files, " ")
      for (f = 1; f <= total; f++) { split("", seen); printf "%s", files[f]; visit(files[f]); print "" }
    }'
}

# One source: findings go to $found; nothing found is remembered under the key.
check() {
  local file=$1 key=$2 out=$found/${1//\//_}
  if "$CLANG_TIDY" -p "$build" --quiet --checks="$checks" "$file" >"$out" 2>"$out.err"; then
    touch "$clean/$key"
  elif [ ! -s "$out" ]; then
    { echo "$file:1:1: error: clang-tidy failed [clang-tidy]"; tail -5 "$out.err"; } >"$out"
  fi
}
export -f check

mapfile -t files < <(find "${folders[@]}" -maxdepth 1 -name '*.cc' -print0 |
                     xargs -0 grep -LE "$dear" | xargs ls -S)
version=$("$CLANG_TIDY" --version | sha256sum)
todo=()
while read -r file headers; do
  command=$(grep -F -m1 -- "-c $PWD/$file\"" "$build/compile_commands.json") ||
    fail "$file is not in $build/compile_commands.json; configure again"
  # shellcheck disable=SC2086  # the headers are words
  key=$({ echo "$version $checks $command"; cat .clang-tidy; sha256sum "$file" $headers; } | sha256sum)
  [ -e "$clean/${key%% *}" ] || todo+=("$file" "${key%% *}")
done < <(closures "${files[@]}")

start=$SECONDS
if [ ${#todo[@]} -gt 0 ]; then
  printf '%s\0' "${todo[@]}" |
    xargs -0 -n 2 -P "${JOBS:-$(nproc)}" bash -c 'check "$@"' check
fi

# A header's finding comes once for each source that includes it: keep the first.
cat /dev/null "$found"/*.cc 2>/dev/null | sed "s|^$PWD/||" | awk '
  /^[^ ]+:[0-9]+:[0-9]+: (error|warning): / { shown = !($0 in seen); seen[$0] = 1 }
  shown' >"$found/all"
cat "$found/all"
findings=$(grep -cE '^[^ ]+:[0-9]+:[0-9]+: (error|warning): ' "$found/all" || true)
if [ "$findings" -gt 0 ]; then
  echo "By check:"
  sed -nE 's/^[^ ]+:[0-9]+:[0-9]+: (error|warning): .*\[([^],]+).*\]$/\2/p' "$found/all" |
    sort | uniq -c | sort -rn
fi
echo "clang-tidy: $findings findings; ${#files[@]} files," \
     "$((${#todo[@]} / 2)) checked, the rest clean before; $((SECONDS - start)) s"
[ "$findings" -eq 0 ]

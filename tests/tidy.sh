#!/usr/bin/env bash
# Runs clang-tidy over the product: tests/tidy.sh BUILD_DIR [FILE...]. BUILD_DIR has to be configured
# (compile_commands.json), nothing in it has to be built. Without files all of lib/ and daemon/ is
# looked at, with as many jobs as there are cores. Says each finding once, a header's too, then the
# totals; fails when there is a finding. What is looked for, and why, stands in .clang-tidy.
set -euo pipefail

build=$(realpath "${1:?usage: tests/tidy.sh BUILD_DIR [FILE...]}")
shift
if [ ! -f "$build/compile_commands.json" ]; then
    echo "tests/tidy.sh: there is no $build/compile_commands.json" >&2
    exit 2
fi
files=()
for file in "$@"; do
    files+=("$(realpath "$file")")
done
cd "$(dirname "$0")/.."
if [ ${#files[@]} -eq 0 ]; then
    mapfile -t files < <(find "$PWD/lib" "$PWD/daemon" -name '*.cpp' | sort)
fi

# One directory a file: what was found, what went wrong, and whether clang-tidy was content.
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
look_at() {
    local result
    result=$(mktemp -d -p "$3")
    if ! clang-tidy-19 -p "$2" --quiet "$1" >"$result/found" 2>"$result/said"; then
        echo "$1" >"$result/unhappy"
    fi
}
export -f look_at

TIMEFORMAT='%R s, %U s of CPU'
took=$({ time printf '%s\0' "${files[@]}" |
    xargs -0 -P "$(nproc)" -I '{}' bash -c 'look_at "$@"' _ '{}' "$build" "$results" >&2; } 2>&1)

# A header's findings come back with each file that includes it.
find "$results" -name found -exec cat {} + |
    awk '/: (warning|error): / { show = !seen[$0]++ } show' >"$results/findings"
cat "$results/findings"
count=$(grep -cE ': (warning|error): ' "$results/findings" || true)
unhappy=$(find "$results" -name unhappy | wc -l)
if [ "$unhappy" -gt 0 ] && [ "$count" -eq 0 ]; then
    echo "clang-tidy failed without a finding:"
    find "$results" -name unhappy -execdir cat unhappy said ';'
fi
echo "clang-tidy: ${#files[@]} files, $count findings in $unhappy of them; $took"
[ "$count" -eq 0 ] && [ "$unhappy" -eq 0 ]

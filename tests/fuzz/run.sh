#!/usr/bin/env bash
# Runs fuzz targets for some time each, one after the other, and prints a line for each:
#
#   tests/fuzz/run.sh [--minimise] SECONDS [TARGET…]
#
# Targets are all of tests/fuzz unless named ("audit config"). The corpus grows in a folder outside
# the sources and is gone on with by the next run. --minimise then writes a small part of it that
# reaches as many edges into tests/fuzz/corpus (0 SECONDS do nothing but that). Exit status 1 when
# anything crashed; what did is in the folder of artefacts, to be run again as an argument of the
# target.
#
# BUILD is the build tree with the targets (build/asan), CORPUS the growing corpus
# (build/fuzz-corpus), ARTEFACTS where crashes go ($CORPUS/artefacts), JOBS how many targets run at
# one time (1).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${BUILD:-$root/build/asan}
corpus=${CORPUS:-$root/build/fuzz-corpus}
artefacts=${ARTEFACTS:-$corpus/artefacts}
most_committed_bytes=4096

minimise=
if [ "${1:-}" = --minimise ]; then
    minimise=yes
    shift
fi
if ! [[ "${1:-}" =~ ^[0-9]+$ ]]; then
    sed -n '2,15s/^# \{0,1\}//p' "$0"
    exit 2
fi
seconds=$1
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in "$here"/*_fuzz.cpp; do
        targets+=("$(basename "$file" _fuzz.cpp)")
    done
fi
mkdir -p "$artefacts"

options_of() {
    printf '%s\n' -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1
    if [ -e "$here/dictionaries/$1.dict" ]; then
        echo "-dict=$here/dictionaries/$1.dict"
    fi
}

# The number that the log gives for a word of its last status line ("cov: 1234").
figure() {
    grep -oE "\b$2: [0-9]+" "$1" | tail -n 1 | grep -oE '[0-9]+$' || echo 0
}

statistic() {
    grep -oE "stat::$2: +[0-9]+" "$1" | tail -n 1 | grep -oE '[0-9]+$' || echo 0
}

run_one() {
    local name=$1 log="$corpus/$1.log" options ended=ok
    mkdir -p "$corpus/$name"
    mapfile -t options < <(options_of "$name")
    "$build/tests/fuzz/${name}_fuzz" "${options[@]}" -max_total_time="$seconds" \
        -artifact_prefix="$artefacts/$name-" "$corpus/$name" "$here/corpus/$name" \
        >"$log" 2>&1 || ended="CRASHED, see $log"
    local executed
    executed=$(statistic "$log" number_of_executed_units)
    printf '%-10s %12d executions %8d/s  coverage %6d  features %7d  corpus %6d  %s\n' \
        "$name" "$executed" $((executed / seconds)) "$(figure "$log" cov)" "$(figure "$log" ft)" \
        "$(find "$corpus/$name" -type f | wc -l)" "$ended"
    [ "$ended" = ok ]
}

# Adds to the files with names of their own, which people wrote, the fewest others that reach every
# edge that the grown corpus reaches. Those have hashes for names and are chosen anew each time.
minimise_one() {
    local name=$1 committed="$here/corpus/$1"
    mkdir -p "$committed" "$corpus/$name"
    find "$committed" -regextype posix-extended -regex '.*/[0-9a-f]{40}' \
        -exec mv -n -t "$corpus/$name" {} +
    "$build/tests/fuzz/${name}_fuzz" -set_cover_merge=1 -use_counters=0 -timeout=10 \
        -max_len="$most_committed_bytes" "$committed" "$corpus/$name" >"$corpus/$name-merge.log" 2>&1
}

failed=0
running=0
for name in "${targets[@]}"; do
    if [ "$seconds" -eq 0 ]; then
        continue
    fi
    if [ "$running" -ge "${JOBS:-1}" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    run_one "$name" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
if [ -n "$minimise" ]; then
    for name in "${targets[@]}"; do
        minimise_one "$name"
    done
fi
exit "$failed"

#!/usr/bin/env bash
# Lets the simulation live lives that nobody has seen yet, at both speeds side by side, and prints
# their seeds and reports: tests/simulation/fresh_seeds.sh [SECONDS] [PROGRAM]. Exit status 1 when an
# invariant was broken; the seed that is printed then shows it again.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-240}
program=${2:-build/release/tests/simulation/vastwatch-sim}

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

# As many seeds as there may be time for: the program begins no further life after so many seconds.
"$program" core --years 0.05 --seeds 1000000 --seconds "$seconds" --keep-going \
    >"$reports/core" 2>&1 &
core=$!
"$program" daemon --days 3 --seeds 1000000 --seconds "$seconds" --keep-going \
    >"$reports/daemon" 2>&1 &
daemon=$!

failed=0
wait "$core" || failed=1
wait "$daemon" || failed=1
echo "-- the core"
cat "$reports/core"
echo "-- the whole daemon"
cat "$reports/daemon"
exit "$failed"

#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests: tests/run.sh [PRESET...], release unless told
# otherwise. Presets: release, dev, asan, tsan, gcc. The output ends with the totals of each run.
set -euo pipefail
cd "$(dirname "$0")/.."
source packaging/dependencies.sh

presets=("$@")
if [ ${#presets[@]} -eq 0 ]; then
    presets=(release)
fi

# shellcheck disable=SC2086
install_missing $build_packages $test_packages

jobs=$(nproc)
failed=()
for preset in "${presets[@]}"; do
    echo "== $preset: building"
    began=$SECONDS
    cmake --preset "$preset" >"/tmp/vastwatch-configure-$preset.log" 2>&1 ||
        { cat "/tmp/vastwatch-configure-$preset.log"; exit 1; }
    cmake --build "build/$preset" -j "$jobs"
    echo "== $preset: built in $((SECONDS - began)) s; testing"
    began=$SECONDS
    if ! ctest --preset "$preset" -j "$jobs"; then
        failed+=("$preset")
    fi
    echo "== $preset: tested in $((SECONDS - began)) s"
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED under: ${failed[*]}"
    exit 1
fi
echo "All tests passed under: ${presets[*]}"

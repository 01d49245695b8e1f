#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests: tests/run.sh [PART...], release unless told
# otherwise. A part is a preset, which is built and tested (release, dev, asan, tsan, gcc), or one of
#   tidy     clang-tidy over the product's sources
#   mutants  deliberate defects, each of which the simulation has to catch
#   seeds    four minutes of simulated lives that nobody has seen yet
#   package  the Debian package, and what lintian says of it
#   boot     that package on a Debian 12 with systemd as PID 1; takes root
# The output ends with a line for each part. A part that cannot run here is skipped, which is a
# failure where VASTWATCH_SKIP=no is in the environment.
set -euo pipefail
cd "$(dirname "$0")/.."
source packaging/dependencies.sh

parts=("$@")
if [ ${#parts[@]} -eq 0 ]; then
    parts=(release)
fi

# shellcheck disable=SC2086
install_missing $build_packages $test_packages

jobs=$(nproc)

configure() {
    cmake --preset "$1" >"/tmp/vastwatch-configure-$1.log" 2>&1 ||
        { cat "/tmp/vastwatch-configure-$1.log"; return 1; }
}

build_and_test() {
    configure "$1"
    cmake --build "build/$1" -j "$jobs"
    echo "== $1: built in $((SECONDS - began)) s; testing"
    ctest --preset "$1" -j "$jobs"
}

run_part() {
    case "$1" in
        tidy)
            configure release
            tests/tidy.sh build/release
            ;;
        mutants)
            configure release
            tests/simulation/mutants/check.py
            ;;
        seeds)
            configure release
            cmake --build build/release -j "$jobs" --target vastwatch-sim
            tests/simulation/fresh_seeds.sh 240
            ;;
        package)
            packaging/build-deb.sh
            ;;
        boot)
            compgen -G 'build/deb/vastwatch_*.deb' >/dev/null || packaging/build-deb.sh
            tests/boot/run.sh
            ;;
        *)
            build_and_test "$1"
            ;;
    esac
}

totals=()
failed=0
for part in "${parts[@]}"; do
    echo "== $part"
    began=$SECONDS
    # In a shell of its own, so that an error ends the part and not the whole.
    set +e
    (set -e; run_part "$part")
    status=$?
    set -e
    if [ "$status" -eq 0 ]; then
        totals+=("$part: passed in $((SECONDS - began)) s")
    elif [ "$status" -eq 77 ] && [ "${VASTWATCH_SKIP:-yes}" != no ]; then
        totals+=("$part: skipped, see above for the reason")
    else
        totals+=("$part: FAILED after $((SECONDS - began)) s")
        failed=1
    fi
done

printf '%s\n' "== all parts" "${totals[@]}"
exit "$failed"

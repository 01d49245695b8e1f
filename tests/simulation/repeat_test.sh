#!/usr/bin/env bash
# The same seeds give the same lives in another process, bit for bit: repeat_test.sh PROGRAM
set -euo pipefail
program=$1

hashes() {
    "$program" "$@" --verbose | awk '/^seed / { print $2, $3 }'
}

for life in "core --years 0.02" "daemon --days 2"; do
    # shellcheck disable=SC2086
    first=$(hashes $life --seed 5 --seeds 3)
    # shellcheck disable=SC2086
    second=$(hashes $life --seed 5 --seeds 3)
    echo "$life: ${first//$'\n'/, }"
    if [ "$(wc -l <<<"$first")" -ne 3 ] || [ "$first" != "$second" ]; then
        echo "and in another process: ${second//$'\n'/, }"
        exit 1
    fi
done

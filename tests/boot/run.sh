#!/usr/bin/env bash
# Boots the Debian package: a Debian 12 with systemd as PID 1, the package installed in it, and what
# an operator relies on, step by step. tests/boot/run.sh [DEB], build/deb's unless told otherwise.
# Exits with 77, after the reason, where no machine can be booted.
set -euo pipefail
cd "$(dirname "$0")/../.."
source packaging/dependencies.sh

deb=${1:-$(ls -t build/deb/vastwatch_*.deb 2>/dev/null | head -1)}
if [ -z "$deb" ]; then
    echo "There is no package: packaging/build-deb.sh makes it." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: not root"
    exit 77
fi
# shellcheck disable=SC2086
install_missing $boot_packages curl

if [ -z "${VASTSIM:-}" ]; then
    cmake --preset release >/dev/null
    cmake --build build/release --target vastsim
    VASTSIM=$PWD/build/release/tests/vastsim/vastsim
fi
export VASTSIM

# The root file system has what the package depends on, since the machine reaches no mirror. It is
# made once for one set of packages; each run changes a copy.
depends=$(dpkg-deb --field "$deb" Depends | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | sort -u)
include=$(printf '%s\n' systemd systemd-sysv dbus procps $depends | sort -u | paste -sd,)
base=build/boot/base-$(printf '%s' "$include" | sha256sum | cut -c1-12)
if [ ! -e "$base/etc/debian_version" ]; then
    rm -rf build/boot
    mkdir -p build/boot
    source=/etc/apt/sources.list.d/debian.sources
    mmdebstrap --quiet --variant=minbase --include="$include" \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        bookworm "$base.new" $([ -e "$source" ] && echo "$source")
    mv "$base.new" "$base"
fi
root=$(mktemp -d "${TMPDIR:-/var/tmp}/vastwatch-machine.XXXXXX")
trap 'rm -rf "$root"' EXIT
cp --archive --reflink=auto "$base/." "$root"
python3 -B tests/boot/story.py "$deb" "$root"

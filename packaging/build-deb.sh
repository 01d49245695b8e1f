#!/usr/bin/env bash
# Builds the Debian package and checks it with lintian: build/deb/vastwatch_VERSION_ARCH.deb, from a
# copy of the tree as it stands, without what git ignores. Installs what the build needs.
set -euo pipefail
cd "$(dirname "$0")/.."
source packaging/dependencies.sh

# shellcheck disable=SC2086
install_missing $build_packages $package_packages

out=$PWD/build/deb
tree=$out/tree
rm -rf "$out"
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from=- | tar --extract --directory "$tree"
cp -r "$tree/packaging/debian" "$tree/debian"

# debhelper gives the build a home of its own; the compiler's cache stays where it is.
if command -v ccache >/dev/null; then
    CCACHE_DIR=$(ccache --get-config cache_dir)
    export CCACHE_DIR
fi

# Command lines by the hundred help nobody.
export DEB_BUILD_OPTIONS="terse ${DEB_BUILD_OPTIONS:-}"
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign --jobs="$(nproc)")
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$out"/*.changes
rm -rf "$tree"
ls "$out"/*.deb

# What vastwatch is built from and tested with, as Debian 12 packages. Sourced by the scripts that
# install what is missing.

# Compiler, build tools and libraries.
build_packages="clang-19 lld-19 cmake ninja-build pkgconf ccache
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libfmt-dev
    libhowardhinnant-date-dev prometheus-cpp-dev libsystemd-dev libtomlplusplus-dev
    libsqlitecpp-dev libsqlite3-dev libcurl4-openssl-dev libcli11-dev doctest-dev
    libbenchmark-dev tzdata ca-certificates python3"

# What the tests run against and check with, and what the other presets need.
test_packages="g++ clang-tidy-19 libclang-rt-19-dev llvm-19 clang-format-19 curl openssl jq
    python3-aiosmtpd prometheus prometheus-alertmanager mandoc zsh"

# The browser that looks at the status page. Where nodejs is not Debian's, npm comes with it.
test_packages="$test_packages chromium fonts-dejavu-core nodejs"
command -v npm >/dev/null || test_packages="$test_packages npm"

# What makes the Debian package and looks at it.
package_packages="debhelper dpkg-dev fakeroot lintian"

# What boots the package: a root file system and a container for it, without a running systemd.
boot_packages="mmdebstrap systemd-container"

# install_missing PACKAGE...: asks apt for those that are not there, as root or through sudo.
install_missing() {
    local missing=""
    local package
    for package in "$@"; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            missing="$missing $package"
        fi
    done
    if [ -z "$missing" ]; then
        return 0
    fi
    echo "Installing:$missing"
    local as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        as_root="sudo"
    fi
    # Prometheus is for the tests; its package must not start a service of its own.
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

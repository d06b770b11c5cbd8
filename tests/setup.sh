# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by demo and run, with their name in $me: installs missing packages and builds.
set -eu
cd "$(dirname "$0")/.."
top=$(pwd)
# "su" without "-" leaves root a PATH without the sbin folders, which have libvirtd.
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH

say() { printf '%s: %s\n' "$me" "$*"; }
die() { printf '%s: %s\n' "$me" "$*" >&2; exit 1; }

# Debian's release, 12 or 13; empty for another release or system.
release=$( (. /etc/os-release && [ "$ID" = debian ] && printf %s "${VERSION_ID-}") 2>/dev/null | grep -x '1[23]' || true)

# in_debian NAME NAME: prints the package's name in this Debian; the first is that of Debian 12, the second of 13.
in_debian() { [ "$release" != 12 ] && echo "$2" || echo "$1"; }

# Needed to build, each with its package in Debian.
build_needs="
    command:cc gcc
    command:meson meson
    command:ninja ninja-build
    command:pkg-config pkg-config
    command:xmllint libxml2-utils
    file:/usr/include/assert.h libc6-dev
    module:dbus-1 libdbus-1-dev
    module:ext2fs libext2fs-dev
    module:gio-unix-2.0 libglib2.0-dev
    module:json-glib-1.0 libjson-glib-dev
    module:libnbd libnbd-dev
    module:libsystemd libsystemd-dev
    module:libvirt libvirt-dev
    module:libxml-2.0 libxml2-dev
    module:systemd $(in_debian systemd systemd-dev)
    module:xenstore libxen-dev"

# Needed to run the daemon: a bus and its clients.
run_needs="
    command:busctl systemd
    command:dbus-daemon dbus
    command:dbus-send dbus"

# Needed to serve the page.
page_needs="
    command:cockpit-bridge cockpit-bridge
    file:/usr/lib/cockpit/cockpit-ws cockpit-ws
    file:/usr/share/cockpit/shell/index.html cockpit-system"

is_there() {
    case $1 in
    clang:*) find "$(clang -print-resource-dir 2>/dev/null)/" -name "${1#*:}" 2>/dev/null | grep -q . ;;
    command:*) command -v "${1#*:}" >/dev/null ;;
    file:*) [ -e "${1#*:}" ] ;;
    module:*) pkg-config --exists "${1#*:}" 2>/dev/null ;;
    python:*) /usr/bin/python3 -c "import ${1#*:}" 2>/dev/null ;;
    esac
}

# Sets $missing to the missing packages, and $missing_needs to the programs, files and modules that they provide.
find_missing() {
    missing='' missing_needs=''
    while read -r need package; do
        [ -n "$need" ] || continue
        is_there "$need" && continue
        case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
        missing_needs="$missing_needs ${need#*:}"
    done <<LIST
$1
LIST
}

# SYSTEMD_OFFLINE keeps packages from starting services: the tests run sshd and others privately.
apt() {
    DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null
}

install_missing() {
    find_missing "$1"
    [ -n "$missing" ] || { say "everything needed is installed"; return 0; }
    [ "$release" ] || die "this is not Debian 12 or 13, so install these by hand:$missing_needs (in Debian:$missing)"
    [ "$(id -u)" = 0 ] || die "run this as root, or install first:$missing"
    log=$(mktemp)
    say "installing$missing"
    apt update || die "apt-get update failed: $(tail -n 1 "$log")"
    # shellcheck disable=SC2086 # the variable has several words
    apt install --no-install-recommends $missing || die "apt-get install failed: $(tail -n 1 "$log")"
    rm -f "$log"
    find_missing "$1"
    [ -z "$missing" ] || die "still missing after the installation:$missing_needs"
}

# build_in FOLDER OPTION…: configures and builds.
build_in() {
    folder=$1
    shift
    { mkdir -p "$folder" && [ -w "$folder" ]; } 2>/dev/null || die "cannot write to $top/$folder; run this as its owner"
    say "building in $folder"
    log=$(mktemp)
    if [ -f "$folder/build.ninja" ]; then
        meson setup --reconfigure "$folder" "$@" >"$log" 2>&1 || meson setup --wipe "$folder" "$@" >"$log" 2>&1
    else
        meson setup "$folder" "$@" >"$log" 2>&1
    fi || { cat "$log"; die "meson cannot configure $folder; see above"; }
    ninja -C "$folder" >"$log" 2>&1 || { grep -v '^\[' "$log"; die "the build in $folder failed; see above"; }
    rm -f "$log"
}

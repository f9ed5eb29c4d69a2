#!/bin/sh
# need.sh - install the Debian packages that a target needs and this machine lacks.
#
#     sh tests/tools/need.sh PACKAGE...
#
# Each is named before anything is installed.  Through sudo where we are not root.
command -v dpkg-query >/dev/null || exit 0 # not Debian: the target reports what it misses

missing=
for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
[ "$missing" ] || exit 0

echo "installing:$missing"
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
install() { $as_root apt-get install -y -q --no-install-recommends $missing >/dev/null; }
install 2>/dev/null || { $as_root apt-get update -q >/dev/null && install; }

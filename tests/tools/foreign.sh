#!/bin/sh
# foreign.sh - unpack Debian packages of another architecture into a folder.
#
#     sh tests/tools/foreign.sh ARCHITECTURE FOLDER PACKAGE...
#
# Libraries to link tests to that an emulator runs.  This machine's own packages, and what it knows
# of others, are left alone, and no right is needed but to write into the folder.
set -e
architecture=$1 folder=$2
shift 2
[ -e "$folder/unpacked" ] && exit 0

rm -rf "$folder"
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
cd "$folder"
apt() {
    apt-get -q -o APT::Architecture="$architecture" -o APT::Sandbox::User="$(id -un)" \
        -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" "$@" >apt.log 2>&1 ||
        { cat apt.log && exit 1; }
}
echo "unpacking for $architecture: $*"
apt update
apt download "$@"
for package in ./*.deb; do dpkg -x "$package" .; done
rm -r lists cache ./*.deb
touch unpacked

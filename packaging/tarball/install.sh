#!/bin/sh
# Installs immich-ml as a service, or takes it away again.
#   ./install.sh [--prefix DIR]        programs below DIR (/usr/local), units in /etc/systemd/system, settings in /etc/immich-ml
#   ./install.sh --uninstall           takes away what was installed; settings that were changed, the user and the models stay
#   ./install.sh --uninstall --purge   settings and user too; models stay
# DESTDIR installs into another root, and then starts nothing and makes no user.
set -eu

prefix=/usr/local action=install purge=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:?--prefix needs a folder}; shift ;;
        --uninstall) action=uninstall ;;
        --purge) purge=yes ;;
        *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift
done
root=${DESTDIR:-}
lib=$prefix/lib/immich-ml
manifest=$root$lib/installed-files
cache=/var/cache/immich-ml
sockets="immich-ml.socket immich-ml-fetch.socket"
units="$sockets immich-ml-gateway.socket immich-ml.service immich-ml-fetch.service immich-ml-gateway.service"

has_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
    echo "install.sh: it takes root" >&2
    exit 1
fi

if [ $action = uninstall ]; then
    [ -f "$manifest" ] || { echo "install.sh: nothing of ours is installed below $prefix" >&2; exit 1; }
    if has_systemd; then
        # shellcheck disable=SC2086
        systemctl disable --now $units > /dev/null 2>&1 || true
    fi
    while read -r file; do rm -f "$root$file"; done < "$manifest"
    for file in immich-ml.conf gateway.conf; do
        kept=$root/etc/immich-ml/$file
        if [ -n "$purge" ] || cmp -s "$kept" "$root$lib/$file.shipped"; then rm -f "$kept"; fi
        rm -f "$root$lib/$file.shipped"
    done
    rm -f "$manifest"
    for folder in "$lib" "$prefix/share/doc/immich-ml/licenses" "$prefix/share/doc/immich-ml/drop-ins" "$prefix/share/doc/immich-ml" /etc/immich-ml; do
        rmdir "$root$folder" 2> /dev/null || true
    done
    if has_systemd; then systemctl daemon-reload; fi
    rm -rf "$root/run/immich-ml"
    if [ -n "$purge" ] && [ -z "$root" ]; then
        [ ! -d $cache ] || rmdir $cache 2> /dev/null || chown -hR root:root $cache
        userdel immich-ml > /dev/null 2>&1 || true
        groupdel immich-ml > /dev/null 2>&1 || true
    fi
    [ ! -d "$root/etc/immich-ml" ] || echo "Left: the settings in /etc/immich-ml"
    [ ! -d "$root$cache" ] || echo "Left: the models in $cache; to be rid of them: rm -r $cache"
    exit 0
fi

from=$(cd "$(dirname "$0")/root" && pwd)
# e_machine, bytes 19 and 20 of an ELF file: 62 is x86-64, 183 arm64.
case "$(uname -m)" in
    x86_64) wanted=62 ;;
    *) wanted=183 ;;
esac
machine=$(od -An -tu1 -j18 -N1 "$from/usr/lib/immich-ml/immich-ml" | tr -d ' ')
if [ "$machine" != $wanted ] && [ -z "$root" ]; then
    echo "install.sh: this tarball is for another processor than $(uname -m)" >&2
    exit 1
fi

mkdir -p "$root$lib"
: > "$manifest"
# put FROM TO MODE: a file, noted for --uninstall.
put() {
    mkdir -p "$root$(dirname "$2")"
    rm -f "$root$2.new"
    cp "$1" "$root$2.new"
    chmod "$3" "$root$2.new"
    # A program that runs keeps its file; the next start takes the new one.
    mv -f "$root$2.new" "$root$2"
    echo "$2" >> "$manifest"
}
for file in "$from"/usr/lib/immich-ml/*; do
    case $file in *.so) mode=644 ;; *) mode=755 ;; esac
    put "$file" "$lib/$(basename "$file")" $mode
done
mkdir -p "$root$prefix/bin"
for program in immich-ml immich-ml-gateway; do
    ln -sf "../lib/immich-ml/$program" "$root$prefix/bin/$program"
    echo "$prefix/bin/$program" >> "$manifest"
done
(cd "$from/usr/share" && find . -type f) | sed 's:^\./::' | while read -r file; do
    put "$from/usr/share/$file" "$prefix/share/$file" 644
done
unit=$(mktemp)
for file in "$from"/usr/lib/systemd/system/*; do
    sed "s:/usr/lib/immich-ml/:$lib/:" "$file" > "$unit"
    put "$unit" "/etc/systemd/system/$(basename "$file")" 644
done
rm -f "$unit"
put "$from/usr/lib/sysusers.d/immich-ml.conf" /etc/sysusers.d/immich-ml.conf 644
mkdir -p "$root/etc/immich-ml"
for file in immich-ml.conf gateway.conf; do
    [ -e "$root/etc/immich-ml/$file" ] || cp "$from/etc/immich-ml/$file" "$root/etc/immich-ml/$file"
    cp "$from/etc/immich-ml/$file" "$root$lib/$file.shipped"
done

if [ -z "$root" ]; then
    systemd-sysusers /etc/sysusers.d/immich-ml.conf 2> /dev/null \
        || getent passwd immich-ml > /dev/null || useradd --system --user-group --home-dir $cache --no-create-home --shell /usr/sbin/nologin immich-ml
    [ -d $cache ] || install -d -m 0750 -o immich-ml -g immich-ml $cache
fi
if has_systemd; then
    systemctl daemon-reload
    # shellcheck disable=SC2086
    systemctl enable --now $sockets
    systemctl try-restart immich-ml.service immich-ml-gateway.service || true
fi
echo "Installed below $prefix. See 'immich-ml doctor'; for a stock Immich: systemctl enable --now immich-ml-gateway.socket"

#!/usr/bin/env bash
# Makes the container's root file system: packaging/container/rootfs.sh PACKAGE.deb ROOT
# Nothing but the programs, the libraries they load, certificates and two users: no shell, no package manager. Takes the libraries from
# the Debian that it runs in; the Containerfile and CI do the same with it.
set -euo pipefail
deb=$1 root=$2

install -d "$root/etc" "$root/usr/lib" "$root/usr/bin" "$root/tmp" "$root/proc" "$root/sys" "$root/dev"
install -d -m 0755 -o 10001 -g 10001 "$root/cache" "$root/run/immich-ml"
chmod 1777 "$root/tmp"
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
dpkg-deb -x "$deb" "$unpacked"
cp -a "$unpacked/usr/lib/immich-ml" "$root/usr/lib/"
ln -s ../lib/immich-ml/immich-ml "$root/usr/bin/immich-ml"
ln -s ../lib/immich-ml/immich-ml-gateway "$root/usr/bin/immich-ml-gateway"
install -d "$root/usr/share/doc"
cp -a "$unpacked/usr/share/doc/immich-ml" "$root/usr/share/doc/"

# What the programs are linked with, and what they load by name, OpenSSL and libjpeg-turbo, with what those are linked with in turn.
mapfile -t named <<< "$(ldconfig -p | sed -n 's/.*\(libssl\.so\.3\|libcrypto\.so\.3\|libturbojpeg\.so\.0\) .*=> //p')"
{
    for file in "$root"/usr/lib/immich-ml/* "${named[@]}"; do ldd "$file" 2> /dev/null || true; done | grep -o '/[^ ]*\.so[^ ]*' | grep -v "^$root"
    printf '%s\n' "${named[@]}"
} | grep . | sort -u | while read -r library; do
    install -D -m 755 "$(readlink -f "$library")" "$root$library"
    package=$(dpkg -S "$(readlink -f "$library")" 2> /dev/null | head -1 | cut -d: -f1 || true)
    [ -z "$package" ] || install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

printf 'root:x:0:0:root:/:/sbin/nologin\nimmich-ml:x:10001:10001:immich-ml:/cache:/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nimmich-ml:x:10001:\n' > "$root/etc/group"

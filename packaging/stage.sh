#!/usr/bin/env bash
# Lays a release tree (publish.sh) out as a system has it: packaging/stage.sh TREE ROOT. What the package, the tarball and the
# container have in common, so that they cannot differ.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
tree=$1 root=$2

install -d "$root/usr/bin" "$root/usr/lib/immich-ml" "$root/usr/lib/systemd/system" "$root/usr/lib/sysusers.d" "$root/etc/immich-ml"
for file in "$tree"/*; do
    [ -f "$file" ] || continue
    case $file in
        *.json) ;;
        *.so) install -m 644 "$file" "$root/usr/lib/immich-ml/" ;;
        *) install -m 755 "$file" "$root/usr/lib/immich-ml/" ;;
    esac
done
ln -s ../lib/immich-ml/immich-ml "$root/usr/bin/immich-ml"
ln -s ../lib/immich-ml/immich-ml-gateway "$root/usr/bin/immich-ml-gateway"

install -m 644 "$here"/systemd/*.service "$here"/systemd/*.socket "$root/usr/lib/systemd/system/"
install -m 644 "$here/systemd/immich-ml.sysusers" "$root/usr/lib/sysusers.d/immich-ml.conf"
install -m 644 "$here/systemd/immich-ml.conf" "$here/systemd/gateway.conf" "$root/etc/immich-ml/"

share=$root/usr/share
install -d "$share/doc/immich-ml/drop-ins" "$share/doc/immich-ml/licenses" "$share/man/man1" "$share/man/man5"
install -m 644 "$here"/systemd/drop-ins/*.conf "$share/doc/immich-ml/drop-ins/"
install -m 644 "$tree"/licenses/* "$share/doc/immich-ml/licenses/"
# Long documents are compressed, as Debian has them; NOTICES.txt, which leads to them, is not.
find "$share/doc/immich-ml/licenses" -type f -size +8k ! -name NOTICES.txt -exec gzip -9n {} +
install -m 644 "$tree/sbom.cdx.json" "$share/doc/immich-ml/"
for page in "$here"/packaging/man/*.[15]; do
    gzip -9nc "$page" > "$share/man/man${page##*.}/$(basename "$page").gz"
done
install -D -m 644 "$here/packaging/completions/immich-ml.bash" "$share/bash-completion/completions/immich-ml"
install -D -m 644 "$here/packaging/completions/_immich-ml" "$share/zsh/vendor-completions/_immich-ml"
install -D -m 644 "$here/packaging/completions/immich-ml.fish" "$share/fish/vendor_completions.d/immich-ml.fish"

#!/usr/bin/env bash
# Makes an apt repository of the packages of a folder: packaging/deb/repository.sh PACKAGES REPOSITORY [KEY]
# PACKAGES: where build.sh has put .deb files; REPOSITORY: a folder to serve by any web server, or to mount; made, or filled anew.
# KEY: the gpg key to sign with (a name, an address or a fingerprint); without it a key of this repository's own is made in the gpg home.
# Needs Debian's apt-utils and gpg. On the machines that install from it:
#   install -m 644 immich-ml.asc /etc/apt/keyrings/
#   echo 'deb [signed-by=/etc/apt/keyrings/immich-ml.asc] http://SERVER/REPOSITORY stable main' > /etc/apt/sources.list.d/immich-ml.list
#   apt update && apt install immich-ml
set -euo pipefail
packages=$(cd "$1" && pwd)
repository=$(mkdir -p "$2" && cd "$2" && pwd)
key=${3:-}
umask 022

if [ -z "$key" ]; then
    key='immich-ml repository'
    gpg --batch --list-secret-keys "=$key" > /dev/null 2>&1 || gpg --batch --quiet --passphrase '' --quick-gen-key "$key" ed25519 sign never
    key="=$key"
fi

rm -rf "$repository/dists" "$repository/pool"
mkdir -p "$repository/pool"
cp "$packages"/immich-ml*.deb "$repository/pool/"
cd "$repository"
for arch in amd64 arm64; do
    binary=dists/stable/main/binary-$arch
    mkdir -p "$binary"
    apt-ftparchive --arch "$arch" packages pool > "$binary/Packages"
    gzip -9nk "$binary/Packages"
done
apt-ftparchive -o APT::FTPArchive::Release::Origin=immich-ml -o APT::FTPArchive::Release::Label=immich-ml \
    -o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Codename=stable \
    -o APT::FTPArchive::Release::Architectures='amd64 arm64' -o APT::FTPArchive::Release::Components=main release dists/stable > Release.new
mv Release.new dists/stable/Release
gpg --batch --yes --quiet --local-user "$key" --clearsign --output dists/stable/InRelease dists/stable/Release
gpg --batch --yes --quiet --local-user "$key" --armor --detach-sign --output dists/stable/Release.gpg dists/stable/Release
gpg --batch --yes --quiet --armor --output immich-ml.asc --export "$key"
echo "$repository: $(grep -c ^Package: dists/stable/main/binary-amd64/Packages) packages for amd64, $(grep -c ^Package: dists/stable/main/binary-arm64/Packages) for arm64"

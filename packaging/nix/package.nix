# The programs for NixOS, from the tarball that packaging/tarball/build.sh makes: what they load is set to Nix' own libraries.
{ stdenv, lib, autoPatchelfHook, openssl, libjpeg_turbo, cacert, src, version ? "0.1.0" }:

stdenv.mkDerivation {
  pname = "immich-ml";
  inherit version src;
  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];
  # Loaded by name: OpenSSL and libjpeg-turbo.
  runtimeDependencies = [ openssl libjpeg_turbo ];
  dontStrip = true;
  installPhase = ''
    mkdir -p $out/bin
    cp -r root/usr/lib $out/lib
    cp -r root/usr/share $out/share
    for name in immich-ml immich-ml-gateway; do ln -s ../lib/immich-ml/$name $out/bin/$name; done
  '';
  meta = {
    description = "Immich's machine learning as a native daemon";
    license = lib.licenses.mit;
    platforms = [ "x86_64-linux" "aarch64-linux" ];
    mainProgram = "immich-ml";
  };
}

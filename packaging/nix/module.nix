# ImmichMl as a NixOS module: immich-ml and its gateway in place of services.immich.machine-learning.
#
#   imports = [ ./module.nix ];
#   services.immich-ml = { enable = true; package = pkgs.callPackage ./package.nix { src = ./immich-ml-0.1.0-linux-x64.tar.xz; }; };
#   services.immich.machine-learning.enable = false;
#   services.immich.environment.IMMICH_MACHINE_LEARNING_URL = "http://127.0.0.1:3003";
#
# Tried as far as nix-instantiate goes (it is parsed, and evaluated with stand-ins for NixOS' own options); no NixOS has run it yet.
{ config, lib, ... }:

let
  cfg = config.services.immich-ml;
  hardened = {
    NoNewPrivileges = true;
    PrivateDevices = true;
    PrivateTmp = true;
    PrivateUsers = true;
    ProtectHome = true;
    ProtectSystem = "strict";
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    LockPersonality = true;
    MemoryDenyWriteExecute = true;
    CapabilityBoundingSet = "";
    SystemCallArchitectures = "native";
    UMask = "0077";
    Restart = "on-failure";
    RestartPreventExitStatus = "2 3";
    TimeoutStopSec = 30;
  };
in
{
  options.services.immich-ml = {
    enable = lib.mkEnableOption "Immich's machine learning as a native daemon";
    package = lib.mkOption {
      type = lib.types.package;
      description = "The programs: see package.nix.";
    };
    host = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1";
      description = "Address of the HTTP face; [::] is every address.";
    };
    port = lib.mkOption {
      type = lib.types.port;
      default = 3003;
      description = "Port of the HTTP face.";
    };
    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Let other machines in; the port asks nobody for a key unless one is set.";
    };
    cacheDirectory = lib.mkOption {
      type = lib.types.str;
      default = "immich-ml";
      description = "Folder of the models, below /var/cache.";
    };
    settings = lib.mkOption {
      type = lib.types.attrsOf (lib.types.oneOf [ lib.types.str lib.types.int lib.types.bool ]);
      default = { };
      example = { MACHINE_LEARNING_MODEL_TTL = 0; MACHINE_LEARNING_PRELOAD__CLIP__TEXTUAL = "ViT-B-32__openai"; };
      description = "Settings by name: packaging/SETTINGS.md lists them.";
    };
  };

  config = lib.mkIf cfg.enable {
    users.groups.immich-ml = { };
    users.users.immich-ml = {
      isSystemUser = true;
      group = "immich-ml";
    };
    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [ cfg.port ];

    # Daemon, gateway and fetcher as one service: the network is for the gateway's port and for downloads.
    systemd.services.immich-ml = {
      description = "Immich machine learning";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      environment = {
        IMMICH_ML_SOCKET = "/run/immich-ml/immich-ml.sock";
        MACHINE_LEARNING_CACHE_FOLDER = "/var/cache/${cfg.cacheDirectory}";
        IMMICH_HOST = cfg.host;
        IMMICH_PORT = toString cfg.port;
      } // lib.mapAttrs (_: value: if lib.isBool value then lib.boolToString value else toString value) cfg.settings;
      serviceConfig = hardened // {
        Type = "notify";
        ExecStart = "${cfg.package}/lib/immich-ml/immich-ml serve --http";
        ExecReload = "/bin/sh -c 'kill -HUP $MAINPID'";
        User = "immich-ml";
        Group = "immich-ml";
        RuntimeDirectory = "immich-ml";
        CacheDirectory = cfg.cacheDirectory;
        CacheDirectoryMode = "0750";
        WatchdogSec = 300;
        RestrictAddressFamilies = "AF_UNIX AF_INET AF_INET6";
        OOMPolicy = "continue";
      };
    };
  };
}

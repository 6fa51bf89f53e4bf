# Evaluates the module with stand-ins for what NixOS brings: nix-instantiate --eval --strict --json packaging/nix/try.nix
# No store and no network are needed. It shows the service that comes out.
let
  lib = {
    mkEnableOption = text: { default = false; };
    mkOption = option: option;
    mkIf = condition: value: if condition then value else { };
    types = { package = null; str = null; port = null; bool = null; int = null; oneOf = list: null; attrsOf = type: null; };
    mapAttrs = builtins.mapAttrs;
    isBool = builtins.isBool;
    boolToString = value: if value then "true" else "false";
  };
  module = import ./module.nix { inherit lib config; };
  defaults = builtins.mapAttrs (name: option: option.default or null) module.options.services.immich-ml;
  config.services.immich-ml = defaults // {
    enable = true;
    package = "/package";
    settings = { MACHINE_LEARNING_MODEL_TTL = 0; MACHINE_LEARNING_PREPARE_MODELS = false; };
  };
in
module.config.systemd.services.immich-ml

namespace ImmichMl.Daemon;

/// <summary>That a gateway is to run beside the daemon, and how.</summary>
/// <param name="Host">Address to listen on; empty: as the gateway's own settings say.</param>
/// <param name="Port">The same for the port.</param>
/// <param name="ConfigFile">The settings file that both read; empty: none.</param>
public sealed record GatewayStart(string Host = "", string Port = "", string ConfigFile = "");

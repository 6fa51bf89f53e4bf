namespace ImmichMl.Tests.Architecture;

/// <summary>The packages' settings files hold every setting, commented out, with its description and default.</summary>
public sealed class ConfFileTests
{
    /// <summary>So much that no default is made smaller.</summary>
    static readonly SystemMemory s_ample = new(1L << 40, 1L << 40, IsGroups: false);

    [Test]
    public Task The_daemons_file_holds_every_setting() => GeneratedFile.CheckAsync("systemd/immich-ml.conf", Text(
        """
        # Settings of immich-ml.service and immich-ml-fetch.service, NAME=value, all commented out and with what holds without them.
        #
        # After a change: systemctl restart immich-ml. With systemctl reload immich-ml nobody waits, and these take effect:
        # IMMICH_LOG_LEVEL, MACHINE_LEARNING_MODEL_TTL and its kinds, _MEMORY_LIMIT, _MAX_CONNECTIONS and _DRAIN_TIMEOUT.
        #
        # Downloads: HF_ENDPOINT, HF_HUB_OFFLINE, HTTPS_PROXY and NO_PROXY count here as elsewhere. A token is no setting: put it into
        # /etc/credstore/immich-ml.hf-token (mode 0600), where only root and immich-ml-fetch see it.

        """,
        DaemonOptions.Read(new Settings(), s_ample).Describe()));

    [Test]
    public Task The_gateways_file_holds_every_setting() => GeneratedFile.CheckAsync("systemd/gateway.conf", Text(
        """
        # Settings of immich-ml-gateway.service, NAME=value, all commented out and with what holds without them.
        #
        # After a change: systemctl restart immich-ml-gateway. The address and the port are the socket's, not set here:
        # systemctl edit immich-ml-gateway.socket. A key for callers is no setting: put it into /etc/credstore/immich-ml.api-key
        # (mode 0600), where only root and the gateway see it.

        """,
        Settings.Describe(new GatewayOptions())
            .Where(setting => setting.Name is not ("IMMICH_HOST" or "IMMICH_PORT" or "MACHINE_LEARNING_HTTP_SOCKET"))));

    static string Text(string head, IEnumerable<(string Name, string Value, string Description)> settings)
    {
        var text = new StringBuilder(head);
        foreach ((string name, string value, string description) in settings)
        {
            text.Append($"\n# {description}\n#{name}={Shown(name, value)}\n");
        }

        return text.ToString();
    }

    /// <summary>What hangs on the machine or on who asks: the unit's value, or none.</summary>
    static string Shown(string name, string value) => name switch
    {
        MlClientOptions.SocketVariable => MlClientOptions.ServiceSocketPath,
        "IMMICH_ML_FETCH_SOCKET" => "/run/immich-ml/fetch.sock",
        "MACHINE_LEARNING_CACHE_FOLDER" => "/var/cache/immich-ml",
        "MACHINE_LEARNING_REQUEST_THREADS" => "",
        _ => value,
    };
}

namespace ImmichMl.Cli.Doctor;

/// <summary>Whether a daemon can be reached, and whether it is ready.</summary>
static class SocketChecks
{
    public static async Task<Finding> DaemonAsync(MlClientOptions options, CancellationToken cancellation)
    {
        string path = options.SocketPath;
        if (!File.Exists(path))
        {
            return new Finding(
                "socket", Verdict.Bad, $"{path} is not there",
                "systemctl enable --now immich-ml.socket, or start one by hand: immich-ml serve");
        }

        if (!Permission.IsAllowed(path, Permission.Read | Permission.Write))
        {
            return new Finding(
                "socket", Verdict.Bad, $"{Environment.UserName} may not use {path}",
                $"usermod -aG immich-ml {Environment.UserName}, then log in again. "
                + "A container needs the group's number: getent group immich-ml");
        }

        try
        {
            await using var client = new MlClient(options);
            InfoResult info = await client.GetInfoAsync(cancellation);
            return info.Ready
                ? new Finding("socket", Verdict.Good, $"{path}: version {info.Version} answers and is ready")
                : new Finding(
                    "socket", Verdict.Warning, $"{path}: version {info.Version} answers and is not ready",
                    "It loads models or is being stopped: immich-ml top");
        }
        catch (Exception e) when (e is MlConnectionException or MlErrorException or TimeoutException)
        {
            return new Finding("socket", Verdict.Bad, $"{path}: {e.Message}", "See what it says: journalctl -u immich-ml");
        }
    }
}

using ImmichMl.Client;

// The HTTP face is not built yet. What is here already: it finds the daemon the way the gateway will, and says so.
try
{
    await using var client = new MlClient(new MlClientOptions { RequestTimeout = TimeSpan.FromSeconds(5) });
    string version = (await client.GetInfoAsync()).Version;
    await Console.Error.WriteLineAsync($"immich-ml-gateway: the daemon answers (version {version}), but this version does not speak HTTP yet.");
    return 3;
}
catch (Exception e) when (e is MlConnectionException or TimeoutException)
{
    await Console.Error.WriteLineAsync($"immich-ml-gateway: {e.Message}");
    return 4;
}

namespace ImmichMl.Tests.Gateway;

public sealed class AccessTests
{
    const string Key = "a key of the operator's";

    [Test]
    [Arguments("/", null, null, 401)]
    [Arguments("/ping", null, null, 200)]
    [Arguments("/metrics", null, null, 401)]
    [Arguments("/status", null, null, 401)]
    [Arguments("/nothing", null, null, 401)]
    [Arguments("/", "x-api-key", Key, 200)]
    [Arguments("/", "x-api-key", "wrong", 401)]
    [Arguments("/", "x-api-key", "", 401)]
    [Arguments("/", "Authorization", "Bearer " + Key, 200)]
    [Arguments("/", "Authorization", "bearer " + Key, 200)]
    [Arguments("/", "Authorization", "Bearer wrong", 401)]
    [Arguments("/", "Authorization", Key, 401)]
    [Arguments("/status", "Authorization", "Basic eDphIGtleSBvZiB0aGUgb3BlcmF0b3Incw==", 200)]
    [Arguments("/status", "Authorization", "Basic eDp3cm9uZw==", 401)]
    [Arguments("/status", "Authorization", "Basic %%%", 401)]
    public async Task A_key_is_asked_for_everywhere_but_at_ping(string path, string? header, string? value, int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using var folder = new TempFolder();
        string file = folder.Write(System.Text.Encoding.UTF8.GetBytes(Key + "\n"), "key");
        foreach ((string Name, string Value) setting in ((string, string)[])[("MACHINE_LEARNING_API_KEY", Key),
            ("MACHINE_LEARNING_API_KEY_FILE", file)])
        {
            await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath, setting);
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (header is not null)
            {
                request.Headers.TryAddWithoutValidation(header, value);
            }

            Answered answer = await gateway.SendAsync(request);
            await Assert.That(answer.Status).IsEqualTo(status);
            await Assert.That(answer.Message.Headers.WwwAuthenticate.Count > 0).IsEqualTo(status == 401);
            await Assert.That(gateway.Log.Lines.Where(line => line.Contains(Key, StringComparison.Ordinal))).IsEmpty();
        }
    }

    [Test]
    public async Task A_key_file_that_is_not_there_keeps_the_gateway_from_starting()
    {
        using var folder = new TempFolder();
        await Assert.That(async () => await TestGateway.StartAsync(folder.File("none"),
            ("MACHINE_LEARNING_API_KEY_FILE", folder.File("none")))).Throws<OperatorException>();
    }
}

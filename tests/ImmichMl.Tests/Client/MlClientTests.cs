namespace ImmichMl.Tests.Client;

public sealed class MlClientTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("immich-ml-test-");

    string SocketPath => Path.Combine(_folder.FullName, "ml.sock");

    [Test]
    public async Task It_connects_at_the_first_call_and_again_after_a_restart()
    {
        await using var client = new MlClient(new MlClientOptions { SocketPath = SocketPath });
        for (int i = 0; i < 3; i++)
        {
            await using RunningDaemon daemon = await StartAsync();
            await client.PingAsync();
            await client.PingAsync();
            await Assert.That(Connections(daemon)).IsEqualTo(1);
        }
    }

    [Test]
    public async Task Many_calls_at_once_share_one_connection()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await AskManyAsync(daemon.Client);
        await Assert.That(Connections(daemon)).IsEqualTo(1);
    }

    [Test]
    public async Task Many_calls_at_once_come_through_a_restart()
    {
        await using var client = new MlClient(new MlClientOptions { SocketPath = SocketPath });
        for (int i = 0; i < 5; i++)
        {
            await using RunningDaemon daemon = await StartAsync();
            await AskManyAsync(client);
            await Assert.That(Connections(daemon)).IsEqualTo(1);
        }
    }

    [Test]
    public async Task A_daemon_that_is_not_there_is_named()
    {
        string[] paths = [SocketPath, Path.Combine(_folder.FullName, "missing", "ml.sock"), SocketPath + new string('x', 200)];
        foreach (string path in paths)
        {
            await using var client = new MlClient(new MlClientOptions { SocketPath = path });
            for (int i = 0; i < 2; i++)
            {
                var fault = await Assert.That(async () => await client.PingAsync()).Throws<MlConnectionException>();
                await Assert.That(fault!.Message).Contains(path);
            }
        }
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task A_request_over_the_daemons_limit_fails_with_its_code_and_the_next_one_is_answered(bool used)
    {
        await using RunningDaemon daemon = await StartAsync(("MACHINE_LEARNING_MAX_FRAME_BYTES", "1024"));
        await using var client = new MlClient(new MlClientOptions { SocketPath = SocketPath });
        for (int i = 0; i < 20; i++)
        {
            if (used)
            {
                await client.PingAsync();
            }

            PredictRequest large = Ask.Predict(0, image: new byte[4_000_000]);
            var fault = await Assert.That(async () => await client.PredictAsync(large)).Throws<MlErrorException>();
            await Assert.That((fault!.Code.Name, fault.Error.Retryable)).IsEqualTo(("frame_too_large", false));
        }

        await client.PingAsync();
    }

    [Test]
    public async Task A_client_that_was_disposed_takes_no_calls()
    {
        await using RunningDaemon daemon = await StartAsync();
        var client = new MlClient(new MlClientOptions { SocketPath = SocketPath });
        await client.PingAsync();
        await client.DisposeAsync();
        await client.DisposeAsync();
        await Assert.That(async () => await client.PingAsync()).Throws<ObjectDisposedException>();
        await daemon.Log.WaitAsync("Connection 1 has ended: the peer hung up");
    }

    Task<RunningDaemon> StartAsync(params (string Name, string Value)[] settings) =>
        RunningDaemon.StartAsync(null, [("IMMICH_ML_SOCKET", SocketPath), .. settings]);

    static async Task AskManyAsync(MlClient client)
    {
        PredictResult[] results = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => client.PredictAsync(Ask.Predict(0))));
        await Assert.That(results.All(result => result is { ImageWidth: 24, Clip.Length: 512 })).IsTrue();
    }

    static int Connections(RunningDaemon daemon) => daemon.Log.Lines.Count(line => line.Contains(" from pid ", StringComparison.Ordinal));

    public void Dispose() => _folder.Delete(recursive: true);
}

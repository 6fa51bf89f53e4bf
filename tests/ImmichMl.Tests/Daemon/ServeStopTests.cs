namespace ImmichMl.Tests.Daemon;

/// <summary>SIGTERM while requests are open: the drain timeout decides, and nothing else.</summary>
public sealed class ServeStopTests
{
    [Test]
    public async Task A_request_that_outlasts_the_drain_timeout_is_cancelled_and_the_exit_code_is_still_0()
    {
        using TempFolder cache = EndlessModel.Cache();

        // More than the 2 seconds after which the command line's library would end the process on its own account.
        await using ServedProgram served = await ServedProgram.StartAsync(cache.Path, ("MACHINE_LEARNING_DRAIN_TIMEOUT", "4"));
        await using var client = new MlClient(new MlClientOptions { SocketPath = served.Socket });
        await client.LoadAsync(Clip.Address(EndlessModel.Slow)).Within();
        Task<PredictResult> slow = client.EmbedAsync(EndlessModel.Slow, TestPicture.Bmp(8, 8));
        await client.PingAsync().Within();
        served.Terminate();
        MlErrorException? answer = await Assert.That(() => (Task)slow).Throws<MlErrorException>();
        await Assert.That(answer!.Code.Name).IsEqualTo("cancelled");
        Finished ended = await served.EndAsync();
        await Assert.That(ended.ExitCode).IsEqualTo(0).Because(ended.Errors);
        await Assert.That(ended.Errors).Contains("1 requests were still open after 4 s");
    }
}

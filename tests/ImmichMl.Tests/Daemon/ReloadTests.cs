namespace ImmichMl.Tests.Daemon;

/// <summary>SIGHUP: the service manager is told, what can change has changed, and the rest is named.</summary>
public sealed class ReloadTests
{
    static string Demo => Path.Combine(Repository.Root, "models", "demo");

    [Test]
    public async Task The_log_level_changes_and_a_setting_that_cannot_is_named()
    {
        using var folder = new TempFolder();
        string file = folder.Write("IMMICH_LOG_LEVEL=error\nMACHINE_LEARNING_QUEUE=7\n"u8, "settings");

        // As systemd gives them: the file's lines stand in the environment as well.
        await using ServedProgram served = await ServedProgram.StartWithAsync(
            Demo, ["--config", file], ("IMMICH_LOG_LEVEL", "error"), ("MACHINE_LEARNING_QUEUE", "7"));
        folder.Write("IMMICH_LOG_LEVEL=debug\nMACHINE_LEARNING_QUEUE=8\nMACHINE_LEARNING_MODEL_TTL=20\n"u8, "settings");
        served.Signal(1);
        string reloading = await served.NotificationAsync();
        await Assert.That(reloading).StartsWith("RELOADING=1\nMONOTONIC_USEC=");
        await Assert.That(long.Parse(reloading.Split('=')[2], System.Globalization.CultureInfo.InvariantCulture)).IsBetween(
            (Environment.TickCount64 - 60_000) * 1000, (Environment.TickCount64 + 1000) * 1000);
        await Assert.That(await served.NotificationAsync()).StartsWith("READY=1\n");
        served.Terminate();
        Finished ended = await served.EndAsync();
        await Assert.That(ended.Errors).DoesNotContain("Listening on");
        await Assert.That(ended.Errors).Contains("Reloaded: IMMICH_LOG_LEVEL MACHINE_LEARNING_MODEL_TTL");
        await Assert.That(ended.Errors).Contains("MACHINE_LEARNING_QUEUE has changed and counts from the next start on");
        await Assert.That(ended.Errors).Contains("INFO  SocketListener: Stopped");
    }

    [Test]
    public async Task A_manager_that_has_gone_does_not_keep_the_daemon_from_reloading_and_stopping()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(Demo);
        served.StopListening();
        served.Signal(1);
        await served.SaysAsync("Reloaded:");
        await using var client = new MlClient(new MlClientOptions { SocketPath = served.Socket });
        await client.PingAsync().Within();
        served.Terminate();
        Finished ended = await served.EndAsync();
        await Assert.That(ended.ExitCode).IsEqualTo(0).Because(ended.Errors);
    }

    [Test]
    public async Task A_file_that_cannot_be_used_changes_nothing_and_the_daemon_goes_on()
    {
        using var folder = new TempFolder();
        string file = folder.Write("IMMICH_LOG_LEVEL=info\n"u8, "settings");
        await using ServedProgram served = await ServedProgram.StartWithAsync(Demo, ["--config", file]);
        folder.Write("IMMICH_LOG_LEVEL=debug\nMACHINE_LEARNING_MODEL_TTL=soon\n"u8, "settings");
        served.Signal(1);
        await Assert.That(await served.NotificationAsync()).StartsWith("RELOADING=1\n");
        await Assert.That(await served.NotificationAsync()).StartsWith("READY=1\n");
        await using var client = new MlClient(new MlClientOptions { SocketPath = served.Socket });
        await client.PingAsync().Within();
        served.Terminate();
        Finished ended = await served.EndAsync();
        await Assert.That(ended.Errors).Contains("The settings stay as they are: MACHINE_LEARNING_MODEL_TTL=soon");
        await Assert.That(ended.Errors).DoesNotContain("DEBUG");
    }
}

using ImmichMl.Tests.Client;

namespace ImmichMl.Tests.Gateway;

/// <summary>/metrics and /status, with a daemon that tells its stats, and with one that does not know the word.</summary>
public sealed class MonitoringTests
{
    static FakeServer Golden(string stats) => new(async socket =>
    {
        while (true)
        {
            Request request = (await FakeServer.ReceiveAsync(socket, 1))[0];
            byte[] frame = await File.ReadAllBytesAsync(
                Repository.Golden("wire", "canonical", (request is StatsRequest ? stats : "result_info") + ".bin"));
            Response golden = Response.Read(new System.Buffers.ReadOnlySequence<byte>(frame.AsMemory(4)), _ => request is StatsRequest
                ? StatsResult.Read : InfoResult.Read);
            await socket.SendAsync(FakeServer.Encode(golden with { Id = request.Id }));
        }
    });

    [Test]
    public async Task Metrics_carry_the_daemons_stats_with_cumulative_buckets()
    {
        await using FakeServer daemon = Golden("result_stats");
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.Path);
        string text = (await gateway.GetAsync("/metrics")).Body;
        string[] expected =
        [
            "immich_ml_up 1",
            """immich_ml_requests_total{task="clip",type="visual",model="ViT-B-32__openai",code="image_unreadable"} 2""",
            """immich_ml_stage_seconds_bucket{task="clip",type="visual",model="ViT-B-32__openai",stage="inference",le="0.005"} 1""",
            """immich_ml_stage_seconds_bucket{task="clip",type="visual",model="ViT-B-32__openai",stage="inference",le="0.01"} 3""",
            """immich_ml_stage_seconds_bucket{task="clip",type="visual",model="ViT-B-32__openai",stage="inference",le="+Inf"} 70319""",
            """immich_ml_stage_seconds_count{task="clip",type="visual",model="ViT-B-32__openai",stage="inference"} 70319""",
        ];
        foreach (string line in expected)
        {
            await Assert.That(text.Split('\n')).Contains(line);
        }
    }

    [Test]
    public async Task A_daemon_that_knows_no_stats_still_has_a_page()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        await Assert.That((await gateway.PredictAsync("{}", [1])).Status).IsEqualTo(415);
        using JsonDocument status = JsonDocument.Parse((await gateway.GetAsync("/status.json")).Body);
        JsonElement root = status.RootElement;
        await Assert.That(root.GetProperty("daemon").GetProperty("ready").GetBoolean()).IsTrue();
        await Assert.That(root.GetProperty("models").EnumerateArray()
            .Any(model => model.GetProperty("modelName").GetString() == DemoModels.Name)).IsTrue();
        await Assert.That((root.GetProperty("daemon").GetProperty("rules").GetString(), root.GetProperty("rules").GetString()))
            .IsEqualTo(("3.3", "2.7"));
        JsonElement error = root.GetProperty("errors")[0];
        await Assert.That((error.GetProperty("status").GetInt32(), error.GetProperty("code").GetString()))
            .IsEqualTo((415, "image_unsupported"));
        await Assert.That(root.GetProperty("history").EnumerateArray().Sum(slot => slot[0].GetInt32())).IsEqualTo(1);
    }

    [Test]
    public async Task The_page_stands_alone_and_lets_run_nothing_but_itself()
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"));
        Answered page = await gateway.GetAsync("/status");
        string policy = page.Message.Headers.GetValues("Content-Security-Policy").Single();
        await Assert.That(policy).Contains("default-src 'none'; script-src 'sha256-");
        await Assert.That(policy).DoesNotContain("unsafe");
        await Assert.That(page.Body).DoesNotContain("https:");
        await Assert.That(page.Body).DoesNotContain(" style=");
        await Assert.That(page.Body).DoesNotContain(" onclick");
    }

    [Test]
    public async Task The_gateways_memory_of_traffic_is_bounded()
    {
        var traffic = new Traffic(TimeProvider.System);
        for (int i = 0; i < 10_000; i++)
        {
            traffic.Count($"/made/up/{i}", 404, "not_found", 1);
            traffic.Count("/predict", 400, "image_unreadable", 1);
        }

        await Assert.That(traffic.Counts.Count()).IsEqualTo(2);
        await Assert.That(traffic.Errors().Length).IsEqualTo(50);
        await Assert.That(traffic.History().Length).IsEqualTo(Traffic.Slots);
        await Assert.That(traffic.History().Sum(slot => slot.Requests)).IsEqualTo(10_000);
    }
}

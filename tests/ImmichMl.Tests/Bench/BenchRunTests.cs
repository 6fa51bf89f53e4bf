using ImmichMl.Tests.Gateway;

namespace ImmichMl.Tests.Bench;

/// <summary>Whole runs against the real daemon, the real gateway, and servers that stand still.</summary>
public sealed class BenchRunTests
{
    static readonly EndpointOptions s_demo = new()
    {
        ClipModel = DemoModels.Name, FacesModel = DemoModels.Name, OcrModel = DemoModels.Name,
    };

    [Test]
    public async Task All_four_endpoints_are_asked_of_the_daemon_in_their_proportion()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        var load = new Load { Users = 3, WarmUp = TimeSpan.Zero, Count = 100 };
        RunReport report = await RunAsync(BenchTarget.OfSocket(Options(daemon)), "image=3 faces ocr text=5", load);
        await Assert.That(string.Join(' ', report.Endpoints.Select(one => one.Name))).IsEqualTo("image faces ocr text all");
        await Assert.That((report.All.Latency.Count, report.All.Errors)).IsEqualTo((100, 0));

        // Three users may be three requests apart from the sequence.
        await Assert.That(report.Endpoints[3].Latency.Count).IsBetween(47, 53);
        await Assert.That(report.All.Stages.Length).IsEqualTo(6);
        await Assert.That(report.All.Stages[^1].Max).IsLessThanOrEqualTo(report.All.Latency.Max);
        await Assert.That(report.PeakMemory).IsNotNull();
        await Assert.That(report.Moments.Sum(moment => moment.Answered)).IsGreaterThanOrEqualTo(100);
    }

    [Test]
    public async Task Over_HTTP_the_gateway_answers_the_same_and_says_where_the_time_went()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        var target = BenchTarget.Read(gateway.Address.ToString(), [], Patience.Limit);
        var load = new Load { Rate = 40, Poisson = true, WarmUp = TimeSpan.Zero, Count = 60 };
        RunReport report = await RunAsync(target, "image text faces ocr", load);
        await Assert.That((report.All.Latency.Count, report.All.Errors)).IsEqualTo((60, 0));
        await Assert.That(report.All.Stages.Length).IsEqualTo(6);
        await Assert.That(report.PeakMemory).IsNull();
        await Assert.That(report.Endpoints.SkipLast(1).All(one => one.Latency.Count == 15)).IsTrue();
    }

    [Test]
    public async Task Errors_are_counted_by_their_code_and_the_rest_goes_on()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        byte[][] pictures = [TestPicture.Bmp(64, 48), [1, 2, 3]];
        var load = new Load { Users = 1, WarmUp = TimeSpan.Zero, Count = 40 };
        RunReport report = await RunAsync(BenchTarget.OfSocket(Options(daemon)), "image", load, pictures);
        await Assert.That(report.All.Latency.Count).IsEqualTo(20);
        await Assert.That(report.All.ErrorText).IsEqualTo("image_unsupported 20");
    }

    [Test]
    public async Task Nobody_there_is_told_at_once()
    {
        using var folder = new TempFolder();
        var target = BenchTarget.OfSocket(new MlClientOptions { SocketPath = folder.File("nobody") });
        await Assert.That(async () => await RunAsync(target, "image", new Load())).Throws<MlConnectionException>();
        var http = BenchTarget.Read("http://127.0.0.1:1", [], Patience.Limit);
        await Assert.That(async () => await RunAsync(http, "text", new Load())).Throws<MlConnectionException>();
    }

    [Test]
    public async Task A_server_that_stands_still_is_late_for_all_who_should_have_come_meanwhile()
    {
        // One connection: who sends only when the last answer is there would see one slow request, and call the other hundred fast.
        await using var server = new LoopbackHttp(async (_, before) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(before == 50 ? 1000 : 0));
            return LoopbackHttp.Ok("""{"clip":"[1]"}""");
        });
        var target = BenchTarget.Read(server.Url, [], Patience.Limit);
        var load = new Load { Rate = 100, Connections = 1, WarmUp = TimeSpan.Zero, Count = 250 };
        RunReport report = await RunAsync(target, "text", load);
        await Assert.That((report.All.Latency.Count, report.All.Errors)).IsEqualTo((250, 0));
        long late = report.All.Latency.Bars(48).Where(bar => bar.FromMs >= 300).Sum(bar => bar.Count);
        await Assert.That(late).IsGreaterThanOrEqualTo(50);
        await Assert.That(report.All.Latency.Max).IsGreaterThanOrEqualTo(950);
        await Assert.That(report.All.Response.P50).IsLessThan(report.All.Latency.P90);
    }

    [Test]
    public async Task A_closed_loop_has_never_more_open_than_users_and_counts_only_what_was_measured()
    {
        int open = 0, most = 0, answered = 0;
        await using var server = new LoopbackHttp(async (_, _) =>
        {
            int now = Interlocked.Increment(ref open);
            most = Math.Max(most, now);
            await Task.Delay(TimeSpan.FromMilliseconds(20));
            Interlocked.Decrement(ref open);
            Interlocked.Increment(ref answered);
            return LoopbackHttp.Ok("""{"clip":"[1]"}""");
        });
        TimeSpan half = TimeSpan.FromSeconds(0.5);
        var load = new Load { Users = 5, Ramp = half, WarmUp = half, Duration = TimeSpan.FromSeconds(1.5) };
        RunReport report = await RunAsync(BenchTarget.Read(server.Url, [], Patience.Limit), "text", load);
        await Assert.That(most).IsBetween(2, 5);
        await Assert.That(report.All.Latency.Count).IsBetween(1, answered - 5);
        await Assert.That(Math.Abs(report.Seconds - 1.5)).IsLessThan(0.01);
        await Assert.That(report.All.Latency.Min).IsGreaterThan(10);
        await Assert.That(report.Moments[0].Seconds).IsLessThan(0.5);
        await Assert.That(report.Moments.Sum(moment => moment.Answered)).IsBetween(report.All.Latency.Count, answered);
    }

    [Test]
    public async Task Ending_it_early_still_reports()
    {
        await using var server = new LoopbackHttp((_, _) => Task.FromResult(LoopbackHttp.Ok("""{"clip":"[1]"}""")));
        using var enough = new CancellationTokenSource();
        int seconds = 0;
        var load = new Load { Users = 2, WarmUp = TimeSpan.Zero, Duration = TimeSpan.FromDays(1) };
        var run = new BenchRun(BenchTarget.Read(server.Url, [], Patience.Limit), Work("text"), load, TimeProvider.System);
        RunReport report = await run.RunAsync(1, _ =>
        {
            if (++seconds == 2)
            {
                enough.Cancel();
            }
        }, enough.Token).Within();
        await Assert.That(report.IsCutShort).IsTrue();
        await Assert.That(report.All.Latency.Count).IsGreaterThan(0);
        await Assert.That(report.Seconds).IsBetween(1, 50);
    }

    [Test]
    [Arguments(null)]
    [Arguments(50.0)]
    public async Task A_fault_of_our_own_ends_the_load_and_is_told(double? rate)
    {
        await using var server = new LoopbackHttp((_, _) => Task.FromResult(LoopbackHttp.Ok("""{"clip":"[1]"}""")));
        var load = new Load { Users = 2, Rate = rate, WarmUp = TimeSpan.Zero, Duration = TimeSpan.FromDays(1) };

        // The eleventh query is none, which no code names.
        string[] queries = [.. Enumerable.Repeat("a", 10), null!];
        var workload = new Workload(Mix.Read(["text"], s_demo), [], queries);
        var run = new BenchRun(BenchTarget.Read(server.Url, [], Patience.Limit), workload, load, TimeProvider.System);
        await Assert.That(async () => await run.RunAsync(1, _ => { }, CancellationToken.None).Within()).Throws<InvalidOperationException>();
    }

    [Test]
    public async Task Who_watches_may_throw_and_the_load_is_over()
    {
        await using var server = new LoopbackHttp((_, _) => Task.FromResult(LoopbackHttp.Ok("""{"clip":"[1]"}""")));
        var load = new Load { Users = 2, WarmUp = TimeSpan.Zero, Duration = TimeSpan.FromDays(1) };
        var run = new BenchRun(BenchTarget.Read(server.Url, [], Patience.Limit), Work("text"), load, TimeProvider.System);
        await Assert.That(async () => await run.RunAsync(1, _ => throw new IOException("no terminal"), CancellationToken.None).Within())
            .Throws<IOException>();
    }

    static Task<RunReport> RunAsync(BenchTarget target, string mix, Load load, IReadOnlyList<byte[]>? pictures = null) =>
        new BenchRun(target, Work(mix, pictures), load, TimeProvider.System).RunAsync(1, _ => { }, CancellationToken.None).Within();

    static Workload Work(string mix, IReadOnlyList<byte[]>? pictures = null) =>
        new(Mix.Read(mix.Split(' '), s_demo), pictures ?? [TestPicture.Bmp(160, 120), TestPicture.Bmp(120, 160)], BenchQueries.Make(50));

    static MlClientOptions Options(RunningDaemon daemon) => new() { SocketPath = daemon.SocketPath, RequestTimeout = Patience.Limit };
}

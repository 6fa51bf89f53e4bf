namespace ImmichMl.Benchmarks.Residency;

/// <summary>
/// 5,000 requests of every kind, with broken pictures, peers that hang up and requests that are cancelled among them; fewer where the
/// environment's SOAK_REQUESTS says so. Expected is what the corpus expects of a picture, and nothing else.
/// </summary>
static class Soak
{
    const int Streams = 4;
    const int Steps = 10;

    static int s_sent;
    static int s_answered;
    static int s_refused;
    static int s_given;
    static int s_unexpected;

    public static async Task RunAsync(Workload work)
    {
        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient client = Workload.Connect(daemon);
        await work.PrepareAsync(client, Workload.Visual(), Workload.Textual());
        long since = Stopwatch.GetTimestamp();
        long early = 0;
        int step = Math.Max(
            1, int.Parse(Environment.GetEnvironmentVariable("SOAK_REQUESTS") ?? "5000", CultureInfo.InvariantCulture) / Steps);
        int requests = step * Steps;
        for (int done = step; done <= requests; done += step)
        {
            await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => StreamAsync(work, daemon, client, done)));
            early = early == 0 ? daemon.Status("VmRSS") : early;
            ResidencyReport.Row(
                $"after {done}",
                $"RSS {daemon.Status("VmRSS"):N0} kB, anonymous {daemon.Status("RssAnon"):N0} kB, {daemon.Threads} threads, {
                daemon.Descriptors} descriptors, {Stopwatch.GetElapsedTime(since).TotalSeconds:0} s");
        }

        ResidencyReport.Row($"RSS after {requests} over RSS after {step}", $"{daemon.Status("VmRSS") / (double)early:0.000}");
        ResidencyReport.Row("high water", $"{daemon.Status("VmHWM"):N0} kB");
        ResidencyReport.Row("answered / refused as they should be / given up by the peer / unexpected",
            $"{s_answered} / {s_refused} / {s_given} / {s_unexpected}");
    }

    static async Task StreamAsync(Workload work, DaemonProcess daemon, MlClient client, int end)
    {
        for (int i = Take(end); i >= 0; i = Take(end))
        {
            CorpusPicture? judged = (i % 10) switch
            {
                3 => work.Hostile[i / 10 % work.Hostile.Length],
                4 => work.Formats[i / 10 % work.Formats.Length],
                _ => null,
            };
            string? code = null;
            try
            {
                await SendAsync(work, daemon, client, i, judged);
            }
            catch (OperationCanceledException) when (i % 10 == 8)
            {
                Interlocked.Increment(ref s_given);
                continue;
            }
            catch (MlErrorException e)
            {
                code = e.Code.Name;
            }

            if (judged?.Allows(code) ?? code is null)
            {
                Interlocked.Increment(ref i % 10 == 9 ? ref s_given : ref code is null ? ref s_answered : ref s_refused);
            }
            else
            {
                Interlocked.Increment(ref s_unexpected);
                Console.Error.WriteLine($"{i}: {code ?? "an answer"} {judged?.Name}");
            }
        }
    }

    /// <summary>The next number; -1 at the end of the step.</summary>
    static int Take(int end)
    {
        int next = Interlocked.Increment(ref s_sent) - 1;
        if (next < end)
        {
            return next;
        }

        Interlocked.Decrement(ref s_sent);
        return -1;
    }

    static async Task SendAsync(Workload work, DaemonProcess daemon, MlClient client, int i, CorpusPicture? judged)
    {
        byte[] picture = work.Pictures[i / 10 % work.Pictures.Length];
        switch (i % 10)
        {
            case 0:
                await client.PredictAsync(work.Query());
                break;
            case 1 or 2:
                await client.PredictAsync(work.ImageRequest(picture: picture));
                break;
            case 3:
                await client.PredictAsync(work.ImageRequest(picture: judged!.Bytes));
                break;
            case 4:
                await client.PredictAsync(Workload.FaceRequest(judged!.Bytes));
                break;
            case 5 or 6:
                await client.PredictAsync(Workload.FaceRequest(picture));
                break;
            case 7:
                await client.PredictAsync(Workload.OcrRequest(picture));
                break;
            case 8:
                using (var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(i % 100)))
                {
                    await client.PredictAsync(work.ImageRequest(picture: picture), soon.Token);
                }

                break;
            default:
                await HangUpAsync(work, daemon, picture);
                break;
        }
    }

    /// <summary>A peer of its own that goes before it is answered.</summary>
    static async Task HangUpAsync(Workload work, DaemonProcess daemon, byte[] picture)
    {
        using var peer = await Storm.ConnectAsync(daemon.SocketPath);
        using Protocol.FrameWriter frame = Protocol.FrameWriter.Encode(work.ImageRequest(picture: picture) with { Id = 1 });
        await peer.SendAsync(frame.Head);
        await peer.SendAsync(picture);
        await Task.Delay(10);
    }
}

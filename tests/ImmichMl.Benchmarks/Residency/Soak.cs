using System.Diagnostics;
using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Client;

namespace ImmichMl.Benchmarks.Residency;

/// <summary>5,000 requests of every kind, with broken pictures, peers that hang up and requests that are cancelled among them.</summary>
static class Soak
{
    const int Requests = 5000;
    const int Streams = 4;
    const int Step = 500;

    static int s_sent;
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
        for (int done = Step; done <= Requests; done += Step)
        {
            await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => StreamAsync(work, daemon, client, done)));
            early = early == 0 ? daemon.Status("VmRSS") : early;
            ResidencyReport.Row(
                $"after {done}",
                $"RSS {daemon.Status("VmRSS"):N0} kB, anonymous {daemon.Status("RssAnon"):N0} kB, {daemon.Threads} threads, {daemon.Descriptors} descriptors, {Stopwatch.GetElapsedTime(since).TotalSeconds:0} s");
        }

        ResidencyReport.Row($"RSS after {Requests} over RSS after {Step}", $"{daemon.Status("VmRSS") / (double)early:0.000}");
        ResidencyReport.Row("high water", $"{daemon.Status("VmHWM"):N0} kB");
        ResidencyReport.Row("refused as they should be / given up by the peer / unexpected", $"{s_refused} / {s_given} / {s_unexpected}");
    }

    static async Task StreamAsync(Workload work, DaemonProcess daemon, MlClient client, int end)
    {
        for (int i = Take(end); i >= 0; i = Take(end))
        {
            try
            {
                await SendAsync(work, daemon, client, i);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref s_given);
            }
            catch (MlErrorException e) when (i % 10 is 3 or 4 && e.Code.Name.StartsWith("image_", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref s_refused);
            }
            catch (MlErrorException e)
            {
                Interlocked.Increment(ref s_unexpected);
                Console.Error.WriteLine($"{i}: {e.Code.Name} {e.Message}");
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

    static async Task SendAsync(Workload work, DaemonProcess daemon, MlClient client, int i)
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
                await client.PredictAsync(work.ImageRequest(picture: work.Hostile[i / 10 % work.Hostile.Length]));
                break;
            case 4:
                await client.PredictAsync(Workload.FaceRequest(work.Formats[i / 10 % work.Formats.Length]));
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
        Interlocked.Increment(ref s_given);
    }
}

using System.Buffers.Binary;

namespace ImmichMl.Daemon;

/// <summary>
/// Loads the models that the settings name and sends each a first request, so that nobody waits for them later. One that fails is
/// logged and the others go on: the daemon can still answer, and the next request for that model tries again.
/// </summary>
sealed class Preload(
    PreloadOptions options, SessionCache models, ModelDownloads downloads, Pipeline pipeline, InferenceQueue queue, TimeProvider time,
    ILogger<Preload> log)
{
    const int Side = 64;

    /// <summary>No text detector sees a larger square, unless told to.</summary>
    const int LargestSide = 2048;

    /// <summary>A large model over a slow line; the service manager is told meanwhile.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromHours(2);

    public bool IsWanted => options.Models.Any();

    public async Task RunAsync(CancellationToken cancellation)
    {
        foreach (string name in options.Outdated)
        {
            log.OutdatedSetting(name);
        }

        foreach ((ModelKind kind, string name) in options.Models)
        {
            try
            {
                var key = new ModelKey(kind, name);
                using SessionCache.Lease<IDisposable> kept = await downloads.UseAsync(
                    downloads.Missing([key]), s_patience, () => models.AcquireAsync<IDisposable>(key, cancellation, s_patience),
                    cancellation);
                await WarmAsync(key, kept.Model, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.PreloadFailed($"{kind} {name}", e.Message);
            }
        }
    }

    async Task WarmAsync(ModelKey key, IDisposable model, CancellationToken cancellation)
    {
        if (key.Kind.DependsOn is not null)
        {
            using InferenceQueue.Admission admission = queue.Admit(Lane.Interactive);
            await admission.SlotAsync(cancellation);
            await admission.RunAsync(
                () =>
                {
                    WarmUp.Run(model, new StageClock(time), cancellation);
                    return true;
                },
                cancellation);
            return;
        }

        // The detector's cost and memory follow the size that it sees.
        int side = key.Kind == ModelKind.TextDetection ? Math.Clamp(options.OcrMaxResolution, Side, LargestSide) : Side;
        using EncodedImage? image = key.Kind == ModelKind.ClipTextual ? null : new EncodedImage(Picture(side), new MemoryStream());
        await pipeline.PredictAsync(
            new PredictionRequest
            {
                Tasks =
                [
                    new TaskRequest(
                        key.Kind.Task, key.Kind.Type, key.Name, new TaskArguments { MaxResolution = options.OcrMaxResolution }),
                ],
                Image = image,
                Text = image is null ? "warm" : null,
                Lane = Lane.Interactive,
                Clock = new StageClock(time),
            },
            cancellation);
    }

    /// <summary>A black square as BMP, whose rows end on multiples of 4 bytes.</summary>
    static byte[] Picture(int side)
    {
        byte[] bmp = new byte[54 + (((3 * side) + 3) / 4 * 4 * side)];
        "BM"u8.CopyTo(bmp);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(2), bmp.Length);
        bmp[10] = 54;
        bmp[14] = 40;
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), side);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), side);
        bmp[26] = 1;
        bmp[28] = 24;
        return bmp;
    }
}

using System.Buffers;
using System.Net;
using System.Security.Cryptography;

namespace ImmichMl.Fetch;

/// <summary>
/// One file into its part, resumed where an earlier try or an earlier process stopped. A part carries its content's digest in its name,
/// so it can only be continued with the same content.
/// </summary>
sealed class FileDownload(HubClient hub, HubFile file, string part, Action<long> report)
{
    const int BufferBytes = 1 << 17;

    /// <summary>The furthest byte that any try came to: a hub that sends the same half again and again makes no progress.</summary>
    long _furthest;
    bool _failedOnce;

    /// <summary>Ends with the whole file in the part, verified.</summary>
    public async Task RunAsync(CancellationToken cancellation) =>
        await Retries.RunAsync(() => AttemptAsync(cancellation), () => Volatile.Read(ref _furthest), cancellation);

    async Task<bool> AttemptAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(part)!);
        await using var output = new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1);
        if (file.Digest.Name is null || output.Length > (file.Digest.Size ?? long.MaxValue))
        {
            output.SetLength(0);
        }

        IncrementalHash hash = file.Digest.Begin();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await output.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
            }

            report(output.Length);
            if (output.Length != file.Digest.Size)
            {
                hash = await ReceiveAsync(output, hash, buffer, cancellation);
            }

            Check(output, hash);
            output.Flush(flushToDisk: true);
            return true;
        }
        finally
        {
            hash.Dispose();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    async Task<IncrementalHash> ReceiveAsync(FileStream output, IncrementalHash hash, byte[] buffer, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await hub.OpenAsync(file.Address, output.Length, cancellation);
        if (output.Length > 0 && !Continues(response, output.Length))
        {
            output.SetLength(0);
            hash.Dispose();
            hash = file.Digest.Begin();
            report(0);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new RetryException("The hub continues a file elsewhere than asked.");
            }
        }

        long limit = file.Digest.Size ?? HubListingLimit;
        await using Stream body = await HubClient.BodyAsync(response, cancellation);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        (long since, long counted) = (TimeProvider.System.GetTimestamp(), 0);
        while (true)
        {
            patience.CancelAfter(hub.Stall);
            int read = await ReadAsync(body, output, buffer, patience.Token);
            counted += read;
            if (TimeProvider.System.GetElapsedTime(since) is var taken && taken >= hub.SpeedWindow)
            {
                if (counted < taken.TotalSeconds * HubClient.LeastSpeed)
                {
                    throw new RetryException($"{file.Path} comes too slowly: {counted} bytes in {taken.TotalSeconds:0} s");
                }

                (since, counted) = (TimeProvider.System.GetTimestamp(), 0);
            }

            if (read == 0)
            {
                return hash;
            }

            if (output.Length + read > limit)
            {
                output.SetLength(0);
                throw Wrong("is longer than the listing says");
            }

            hash.AppendData(buffer, 0, read);
            await output.WriteAsync(buffer.AsMemory(0, read), cancellation);
            Volatile.Write(ref _furthest, Math.Max(_furthest, output.Length));
            report(output.Length);
        }
    }

    async Task<int> ReadAsync(Stream body, FileStream output, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellation);
        }
        catch (InvalidDataException)
        {
            output.SetLength(0);
            throw Wrong("does not decompress");
        }
    }

    const long HubListingLimit = 4L << 30;

    static bool Continues(HttpResponseMessage response, long from) =>
        response.StatusCode == HttpStatusCode.PartialContent && !HubClient.IsEncoded(response)
        && response.Content.Headers.ContentRange?.From == from;

    void Check(FileStream output, IncrementalHash hash)
    {
        if (output.Length < file.Digest.Size)
        {
            throw new RetryException($"{file.Path} ended after {output.Length} of {file.Digest.Size} bytes");
        }

        if (!file.Digest.Matches(hash, output.Length))
        {
            output.SetLength(0);
            report(0);
            throw Wrong("has other bytes than its digest says");
        }
    }

    /// <summary>Once may be an accident on the way; twice is the source.</summary>
    Exception Wrong(string how)
    {
        string message = $"{file.Path} {how}";
        bool again = !_failedOnce;
        _failedOnce = true;
        return again ? new RetryException(message) : new FetchException(FetchFault.Network, $"{message}; it was thrown away.");
    }
}

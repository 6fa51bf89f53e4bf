namespace ImmichMl.Tests.Inference;

/// <summary>However a decode ends, the image's memory is given back once and its pixels are free for others.</summary>
public sealed class DecodeCancellationTests
{
    static readonly byte[] Picture = TestPicture.Bmp(20, 10);
    static readonly ImageHeader Header = ImageHeader.Read(Picture, new ImageLimits());

    static DecodeQueue OneThread(long pixels) => new(
        new RuntimeOptions { RequestThreads = 1, DecodeTimeoutSeconds = 60, PixelsInFlight = pixels }, new ImageLimits { MaxPixels = 200 },
        TimeProvider.System);

    [Test]
    public async Task Cancelled_while_it_decodes()
    {
        var owner = new CountedDisposal();
        using var slow = new GatedBytes(Picture);
        using var peer = new CancellationTokenSource();
        using DecodeQueue queue = OneThread(pixels: 200);
        using (var image = new EncodedImage(slow.Memory, owner))
        {
            Task<DecodeQueue.Decoded> decoding = queue.DecodeAsync(image, Header, yields: false, peer.Token);
            await slow.Reached.Within();
            await peer.CancelAsync();
            await Assert.That(() => (Task)decoding.Within()).Throws<OperationCanceledException>();
        }

        await Assert.That(owner.Count).IsEqualTo(0);
        slow.Open();
        await owner.Disposed.Within();
        await OneMoreFitsAsync(queue);
        await Assert.That(owner.Count).IsEqualTo(1);
    }

    [Test]
    public async Task Cancelled_while_it_waits_for_a_thread()
    {
        var owner = new CountedDisposal();
        using var slow = new GatedBytes(Picture);
        using var peer = new CancellationTokenSource();
        using DecodeQueue queue = OneThread(pixels: 400);
        using var first = new EncodedImage(slow.Memory, new CountedDisposal());
        Task<DecodeQueue.Decoded> blocks = queue.DecodeAsync(first, Header, yields: false, CancellationToken.None);
        await slow.Reached.Within();
        using (var second = new EncodedImage(Picture, owner))
        {
            Task<DecodeQueue.Decoded> waits = queue.DecodeAsync(second, Header, yields: false, peer.Token);
            await peer.CancelAsync();
            await Assert.That(() => (Task)waits.Within()).Throws<OperationCanceledException>();
        }

        slow.Open();
        using DecodeQueue.Decoded held = await blocks.Within();
        await owner.Disposed.Within();
        await OneMoreFitsAsync(queue);
        await Assert.That(owner.Count).IsEqualTo(1);
    }

    [Test]
    public async Task Asked_for_when_the_queue_is_gone()
    {
        var owner = new CountedDisposal();
        DecodeQueue queue = OneThread(pixels: 200);
        queue.Dispose();
        using (var image = new EncodedImage(Picture, owner))
        {
            await Assert.That(() => (Task)queue.DecodeAsync(image, Header, yields: false, CancellationToken.None).Within())
                .Throws<ObjectDisposedException>();
        }

        await Assert.That(owner.Count).IsEqualTo(1);
    }

    static async Task OneMoreFitsAsync(DecodeQueue queue)
    {
        using var image = new EncodedImage(Picture, new CountedDisposal());
        (await queue.DecodeAsync(image, Header, yields: false, CancellationToken.None).Within()).Dispose();
    }
}

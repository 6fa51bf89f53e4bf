using ImmichMl.Imaging;
using ImmichMl.Inference;
using ImmichMl.Inference.Sessions;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Inference;

public sealed class DecodeQueueTests
{
    static readonly byte[] Picture = TestPicture.Bmp(20, 10);
    static readonly ImageHeader Header = ImageHeader.Read(Picture, new ImageLimits());

    /// <summary>Room for one such picture at a time.</summary>
    static readonly ImageLimits OnePicture = new() { MaxPixels = 200 };

    static DecodeQueue Queue(double timeoutSeconds = 60, int threads = 2, long pixels = 1, ImageLimits? limits = null) =>
        new(new RuntimeOptions { RequestThreads = threads, DecodeTimeoutSeconds = timeoutSeconds, PixelsInFlight = pixels }, limits ?? OnePicture, TimeProvider.System);

    [Test]
    public async Task A_picture_comes_out_as_it_is_drawn_and_its_bytes_are_given_back_once()
    {
        var owner = new CountedDisposal();
        using DecodeQueue queue = Queue();
        using (var image = new EncodedImage(Picture, owner))
        {
            using DecodeQueue.Decoded decoded = await queue.DecodeAsync(image, Header, yields: false, CancellationToken.None).Within();
            using Bitmap drawn = FormulaPicture.Draw("noise", 20, 10);
            await Assert.That(decoded.Bitmap.Pixels.SequenceEqual(drawn.Pixels)).IsTrue();
            await Assert.That(owner.Count).IsEqualTo(0);
        }

        await Assert.That(owner.Count).IsEqualTo(1);
    }

    [Test]
    public async Task A_damaged_picture_is_an_image_fault_and_its_pixels_are_free_again()
    {
        var owner = new CountedDisposal();
        using DecodeQueue queue = Queue();
        for (int i = 0; i < 3; i++)
        {
            using var image = new EncodedImage(Picture.AsMemory(0, 60), i == 0 ? owner : new CountedDisposal());
            ImageException? fault = await Assert.That(() => (Task)queue.DecodeAsync(image, Header, yields: false, CancellationToken.None).Within()).Throws<ImageException>();
            await Assert.That(fault!.Fault).IsEqualTo(ImageFault.Unreadable);
        }

        await Assert.That(owner.Count).IsEqualTo(1);
    }

    [Test]
    public async Task A_decode_that_takes_too_long_is_answered_and_keeps_its_bytes_and_pixels_until_it_ends()
    {
        var owner = new CountedDisposal();
        using var slow = new GatedBytes(Picture);
        using DecodeQueue queue = Queue(timeoutSeconds: 0.01);
        var image = new EncodedImage(slow.Memory, owner);
        ImageException? fault = await Assert.That(() => (Task)queue.DecodeAsync(image, Header, yields: false, CancellationToken.None).Within()).Throws<ImageException>();
        await Assert.That(fault!.Fault).IsEqualTo(ImageFault.TooLarge);
        image.Dispose();
        await slow.Reached.Within();
        await Assert.That(owner.Count).IsEqualTo(0);

        using var next = new EncodedImage(Picture, new CountedDisposal());
        Task<DecodeQueue.Decoded> waits = queue.DecodeAsync(next, Header, yields: false, CancellationToken.None);
        await Assert.That(waits.IsCompleted).IsFalse();
        slow.Open();
        await owner.Disposed.Within();
        (await waits.Within()).Dispose();
        await Assert.That(owner.Count).IsEqualTo(1);
    }

    [Test]
    public async Task Pixels_are_waited_for_and_who_gives_up_waiting_takes_none()
    {
        using DecodeQueue queue = Queue();
        var owner = new CountedDisposal();
        using var first = new EncodedImage(Picture, new CountedDisposal());
        DecodeQueue.Decoded held = await queue.DecodeAsync(first, Header, yields: false, CancellationToken.None).Within();
        using var impatient = new CancellationTokenSource();
        using (var second = new EncodedImage(Picture, owner))
        {
            Task<DecodeQueue.Decoded> waits = queue.DecodeAsync(second, Header, yields: false, impatient.Token);
            await Assert.That(waits.IsCompleted).IsFalse();
            await impatient.CancelAsync();
            await Assert.That(() => (Task)waits.Within()).Throws<OperationCanceledException>();
        }

        await Assert.That(owner.Count).IsEqualTo(1);
        held.Dispose();
        using var third = new EncodedImage(Picture, new CountedDisposal());
        (await queue.DecodeAsync(third, Header, yields: false, CancellationToken.None).Within()).Dispose();
    }
}

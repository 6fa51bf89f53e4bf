namespace ImmichMl.Tests.Inference;

public sealed class DecodeQueueTests
{
    static readonly byte[] Picture = TestPicture.Bmp(20, 10);
    static readonly ImageHeader Header = ImageHeader.Read(Picture, new ImageLimits());

    /// <summary>Enough for one such picture at a time.</summary>
    static readonly ImageLimits OnePicture = new() { MaxPixels = 200 };

    static DecodeQueue Queue(double timeoutSeconds = 60, int threads = 2, long pixels = 1, ImageLimits? limits = null) =>
        new(new RuntimeOptions { RequestThreads = threads, DecodeTimeoutSeconds = timeoutSeconds, PixelsInFlight = pixels },
            limits ?? OnePicture, TimeProvider.System);

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
            ImageException? fault =
                await Assert.That(() => (Task)queue.DecodeAsync(image, Header, yields: false, CancellationToken.None).Within())
                    .Throws<ImageException>();
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
        ImageException? fault =
            await Assert.That(() => (Task)queue.DecodeAsync(image, Header, yields: false, CancellationToken.None).Within())
                .Throws<ImageException>();
        await Assert.That(fault!.Fault).IsEqualTo(ImageFault.TooLarge);
        image.Dispose();
        await slow.Reached.Within();
        await Assert.That(owner.Count).IsEqualTo(0);

        using var next = new EncodedImage(Picture, new CountedDisposal());
        InferenceException? held =
            await Assert.That(() => (Task)queue.DecodeAsync(next, Header, yields: false, CancellationToken.None).Within())
                .Throws<InferenceException>();
        await Assert.That(held!.Fault).IsEqualTo(InferenceFault.Overloaded);
        slow.Open();
        await owner.Disposed.Within();
        await RecoveredAsync(queue);
        await Assert.That(owner.Count).IsEqualTo(1);
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task A_thread_that_hangs_is_replaced_and_where_all_hang_nobody_waits_for_ever_and_the_queue_says_so(bool yields)
    {
        var clock = new ManualClock();
        using GatedBytes first = new(Picture), second = new(Picture);
        using var queue = new DecodeQueue(new RuntimeOptions { RequestThreads = 1, DecodeTimeoutSeconds = 5, PixelsInFlight = 10_000 },
            OnePicture, clock);
        await HangAsync(queue, first, clock, yields);
        using (var good = new EncodedImage(Picture, new CountedDisposal()))
        {
            (await queue.DecodeAsync(good, Header, yields, CancellationToken.None).Within()).Dispose();
        }

        await HangAsync(queue, second, clock, yields);
        await Assert.That(queue.Hanging).IsEqualTo(2);
        var owner = new CountedDisposal();
        using (var third = new EncodedImage(Picture, owner))
        {
            Task<DecodeQueue.Decoded> waits = queue.DecodeAsync(third, Header, yields, CancellationToken.None);
            await PassUntilAsync(clock, waits);
            InferenceException? told = await Assert.That(() => (Task)waits.Within()).Throws<InferenceException>();
            await Assert.That((told!.Fault, told.RetryAfter)).IsEqualTo((InferenceFault.Overloaded, TimeSpan.FromSeconds(5)));
        }

        await Assert.That(queue.AllHang.IsCompleted).IsFalse();
        clock.Pass(TimeSpan.FromMinutes(1));
        await queue.AllHang.Within();
        first.Open();
        second.Open();
        await owner.Disposed.Within();
        await RecoveredAsync(queue, yields);
    }

    static async Task HangAsync(DecodeQueue queue, GatedBytes slow, ManualClock clock, bool yields)
    {
        using var image = new EncodedImage(slow.Memory, new CountedDisposal());
        Task<DecodeQueue.Decoded> hangs = queue.DecodeAsync(image, Header, yields, CancellationToken.None);
        await slow.Reached.Within();
        await PassUntilAsync(clock, hangs);
        await Assert.That(() => (Task)hangs.Within()).Throws<ImageException>();
    }

    /// <summary>Lets the limit pass as soon as, and as often as, somebody waits for it to.</summary>
    static async Task PassUntilAsync(ManualClock clock, Task done)
    {
        for (int i = 0; i < 2000 && !done.IsCompleted; i++)
        {
            clock.Pass(TimeSpan.FromSeconds(0.5));
            await Task.WhenAny(done, Task.Delay(2));
        }
    }

    /// <summary>What hung has ended, but its pixels may come back a moment later.</summary>
    static async Task RecoveredAsync(DecodeQueue queue, bool yields = false)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                using var image = new EncodedImage(Picture, new CountedDisposal());
                (await queue.DecodeAsync(image, Header, yields, CancellationToken.None).Within()).Dispose();
                await Assert.That(queue.Hanging).IsEqualTo(0);
                return;
            }
            catch (Exception) when (i < 200)
            {
                await Task.Delay(20);
            }
        }
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

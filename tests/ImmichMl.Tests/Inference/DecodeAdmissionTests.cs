namespace ImmichMl.Tests.Inference;

/// <summary>A picture that can never be decoded here is refused, one that cannot be now waits, and neither ends the process.</summary>
public sealed class DecodeAdmissionTests
{
    const long Megabyte = 1_000_000;

    static readonly RuntimeOptions s_options = new() { RequestThreads = 2, DecodeBytes = 300 * Megabyte };

    [Test]
    public async Task A_picture_past_the_limit_is_too_large_and_both_numbers_are_named()
    {
        var admission = new DecodeAdmission(s_options, TimeProvider.System);
        admission.Check(300 * Megabyte);
        ImageException? fault = await Assert.That(() => admission.Check(864 * Megabyte)).Throws<ImageException>();
        await Assert.That(fault!.Fault).IsEqualTo(ImageFault.TooLarge);
        await Assert.That(fault.Message).Contains("864000000").And.Contains("300000000");
    }

    [Test]
    public async Task With_memory_for_all_threads_nobody_waits_for_a_slot()
    {
        DecodeAdmission admission = With(() => 1000 * Megabyte);
        await Assert.That(await admission.EnterAsync(200 * Megabyte, CancellationToken.None)).IsNull();
        await Assert.That(await admission.EnterAsync(200 * Megabyte, CancellationToken.None)).IsNull();
    }

    [Test]
    public async Task Small_pictures_pass_however_little_there_is() =>
        await Assert.That(await With(() => 0).EnterAsync(5 * Megabyte, CancellationToken.None)).IsNull();

    [Test]
    public async Task With_memory_for_one_the_second_waits_for_the_first_ones_end()
    {
        DecodeAdmission admission = With(() => 400 * Megabyte);
        IDisposable first = (await admission.EnterAsync(200 * Megabyte, CancellationToken.None))!;
        Task<IDisposable?> second = admission.EnterAsync(200 * Megabyte, CancellationToken.None);
        await Assert.That(second.IsCompleted).IsFalse();
        first.Dispose();
        (await second.Within())!.Dispose();
    }

    [Test]
    public async Task One_that_does_not_fit_now_waits_until_it_does()
    {
        long available = 100 * Megabyte;
        DecodeAdmission admission = With(() => Interlocked.Read(ref available));
        Task<IDisposable?> entering = admission.EnterAsync(200 * Megabyte, CancellationToken.None);
        await Assert.That(entering.IsCompleted).IsFalse();
        Interlocked.Exchange(ref available, 300 * Megabyte);
        (await entering.Within())!.Dispose();
    }

    [Test]
    public async Task One_that_goes_on_not_fitting_is_out_of_memory_and_lets_others_have_the_slot()
    {
        long available = 100 * Megabyte;
        DecodeAdmission admission = With(() => Interlocked.Read(ref available), new HastyClock());
        InferenceException? fault = await Assert.That(() => (Task)admission.EnterAsync(200 * Megabyte, CancellationToken.None).Within())
            .Throws<InferenceException>();
        await Assert.That(fault!.Fault).IsEqualTo(InferenceFault.OutOfMemory);
        Interlocked.Exchange(ref available, 300 * Megabyte);
        (await admission.EnterAsync(200 * Megabyte, CancellationToken.None).Within())!.Dispose();
    }

    static DecodeAdmission With(Func<long> available, TimeProvider? time = null) =>
        new(new RuntimeOptions { RequestThreads = 2, DecodeBytes = 300 * Megabyte, AvailableMemory = available },
            time ?? TimeProvider.System);

    /// <summary>Patience ends at the second look.</summary>
    sealed class HastyClock : TimeProvider
    {
        long _minutes;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Add(ref _minutes, 60);
    }
}

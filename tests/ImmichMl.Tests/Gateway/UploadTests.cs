using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImmichMl.Tests.Gateway;

/// <summary>Bodies that come slowly or stop, by a clock that stands still until it is told to pass.</summary>
public sealed class UploadTests
{
    /// <summary>A caller whose body comes through a pipe.</summary>
    sealed class Sender
    {
        readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        readonly byte[] _buffer = new byte[64 * 1024];

        public Sender(long length) =>
            Request = new DefaultHttpContext { Request = { Body = _pipe.Reader.AsStream(), ContentLength = length } }.Request;

        public HttpRequest Request { get; }

        public Upload Upload { get; set; } = null!;

        public async Task SendAsync(int bytes)
        {
            await _pipe.Writer.WriteAsync(new byte[bytes]);
            for (int left = bytes; left > 0;)
            {
                left -= await Upload.Body.ReadAsync(_buffer);
            }
        }

        public Task<int> ReadAsync() => Upload.Body.ReadAsync(_buffer).AsTask();
    }

    static async Task<Sender> OpenAsync(UploadBudget budget, long length)
    {
        var sender = new Sender(length);
        sender.Upload = await budget.OpenAsync(sender.Request, 128 * 1024 * 1024);
        return sender;
    }

    static UploadBudget Budget(TimeProvider clock, int mostOpen, ILogger<UploadBudget>? log = null) =>
        new(new GatewayOptions { BodyBytesInFlight = 1_000_000, MaxRequests = mostOpen }, clock, log ?? NullLogger<UploadBudget>.Instance);

    /// <summary>As Kestrel's may be once its connection has gone.</summary>
    sealed class BrokenReader : PipeReader, IRequestBodyPipeFeature
    {
        public PipeReader Reader => this;

        public override void CancelPendingRead() => throw new NotSupportedException("unheard of");

        public override void AdvanceTo(SequencePosition consumed)
        {
        }

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return default;
        }

        public override bool TryRead(out ReadResult result) => throw new NotSupportedException();
    }

    [Test]
    public async Task A_body_that_cannot_be_ended_is_told_of_and_harms_neither_the_timer_nor_who_needs_its_memory()
    {
        var (clock, log) = (new ManualClock(), new CollectedLog());
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(log));
        UploadBudget budget = Budget(clock, 10, factory.CreateLogger<UploadBudget>());
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(new BrokenReader());
        using Upload upload = await budget.OpenAsync(context.Request, 1_000_000);
        _ = upload.Body.ReadAsync(new byte[1]).AsTask();
        clock.Pass(TimeSpan.FromMinutes(1));
        upload.End();
        await Assert.That(log.Lines.Count(line => line.Contains("What was to be cancelled failed unheard of"))).IsEqualTo(2);
    }

    [Test]
    public async Task A_body_that_is_closed_in_the_moment_in_which_it_is_to_make_way_costs_nobody_an_answer()
    {
        Sender sender = await OpenAsync(Budget(new ManualClock(), 10), 100);
        sender.Upload.Dispose();
        await Assert.That(sender.Upload.End).ThrowsNothing();
    }

    static async Task SlowAsync(Task read)
    {
        HttpFault? fault = await Assert.That(async () => await read.Within()).Throws<HttpFault>();
        await Assert.That((fault!.Status, fault.Code)).IsEqualTo((408, "slow_sender"));
    }

    [Test]
    public async Task Thirty_seconds_without_a_byte_end_a_body_however_fast_it_was()
    {
        var clock = new ManualClock();
        Sender sender = await OpenAsync(Budget(clock, 10), 100_000_000);
        await sender.SendAsync(10_000_000);
        Task<int> read = sender.ReadAsync();
        clock.Pass(TimeSpan.FromSeconds(29));
        await Assert.That(read.IsCompleted).IsFalse();
        clock.Pass(TimeSpan.FromSeconds(1));
        await SlowAsync(read);
    }

    [Test]
    public async Task A_byte_now_and_then_does_not_keep_a_body_alive()
    {
        var clock = new ManualClock();
        Sender sender = await OpenAsync(Budget(clock, 10), 65_536 * 10);
        for (int i = 0; i < 2; i++)
        {
            clock.Pass(TimeSpan.FromSeconds(19));
            await sender.SendAsync(1);
        }

        Task<int> read = sender.ReadAsync();
        clock.Pass(TimeSpan.FromSeconds(2));
        await SlowAsync(read);
    }

    [Test]
    public async Task A_large_body_that_comes_steadily_has_its_time()
    {
        var clock = new ManualClock();
        Sender sender = await OpenAsync(Budget(clock, 10), 20_000_000);
        for (int i = 0; i < 20; i++)
        {
            clock.Pass(TimeSpan.FromSeconds(15));
            await sender.SendAsync(1_000_000);
        }

        sender.Upload.Complete();
        clock.Pass(TimeSpan.FromHours(1));
        sender.Upload.Dispose();
    }

    [Test]
    public async Task Who_stands_still_goes_when_another_one_needs_its_memory()
    {
        var clock = new ManualClock();
        var budget = Budget(clock, 10);
        Sender still = await OpenAsync(budget, 10_000_000), brisk = await OpenAsync(budget, 10_000_000), third = await OpenAsync(
            budget, 10_000_000);
        await still.Upload.TakeAsync(600_000);
        await brisk.Upload.TakeAsync(300_000);
        clock.Pass(TimeSpan.FromSeconds(1.5));
        await brisk.SendAsync(100_000);
        clock.Pass(TimeSpan.FromSeconds(0.5));
        Task<int> reading = still.ReadAsync(), other = brisk.ReadAsync();
        Task taken = third.Upload.TakeAsync(500_000).AsTask();
        await SlowAsync(reading);
        still.Upload.Return(600_000);
        still.Upload.Dispose();
        await taken.Within();
        await Assert.That(other.IsCompleted).IsFalse();
        await Assert.That(budget.Taken).IsEqualTo(800_000);
    }

    [Test]
    public async Task Where_nobody_stands_still_there_is_no_room()
    {
        var clock = new ManualClock();
        var budget = Budget(clock, 10);
        Sender whole = await OpenAsync(budget, 600_000), next = await OpenAsync(budget, 600_000);
        await whole.Upload.TakeAsync(600_000);
        whole.Upload.Complete();
        clock.Pass(TimeSpan.FromMinutes(1));
        HttpFault? fault = await Assert.That(async () => await next.Upload.TakeAsync(600_000)).Throws<HttpFault>();
        await Assert.That(fault!.Status).IsEqualTo(503);
        await Assert.That(budget.Taken).IsEqualTo(600_000);
    }

    [Test]
    public async Task Tricklers_that_have_every_place_make_room_for_a_new_request()
    {
        var clock = new ManualClock();
        var budget = Budget(clock, 3);
        Sender[] tricklers = [await OpenAsync(budget, 1_000_000), await OpenAsync(budget, 1_000_000), await OpenAsync(budget, 1_000_000)];
        for (int i = 0; i < 10; i++)
        {
            clock.Pass(TimeSpan.FromSeconds(1));
            foreach (Sender one in tricklers)
            {
                await one.SendAsync(300);
            }
        }

        Task<int>[] reads = [.. tricklers.Select(one => one.ReadAsync())];
        clock.Pass(TimeSpan.FromSeconds(1));
        Task<Sender> opened = OpenAsync(budget, 1000);
        int ended = Array.IndexOf(reads, await Task.WhenAny(reads).Within());
        await SlowAsync(reads[ended]);
        tricklers[ended].Upload.Dispose();
        await opened.Within();
        await Assert.That(reads.Count(read => read.IsCompleted)).IsEqualTo(1);
        await Assert.That(budget.Open).IsEqualTo(3);
    }
}

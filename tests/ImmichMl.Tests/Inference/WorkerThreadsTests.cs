namespace ImmichMl.Tests.Inference;

public sealed class WorkerThreadsTests
{
    [Test]
    public async Task Where_the_only_thread_cannot_be_started_the_work_is_refused_and_later_work_is_done()
    {
        int starts = 0;
        using var threads = new WorkerThreads("test", 1, start: thread =>
        {
            if (starts++ == 0)
            {
                throw new InsufficientMemoryException();
            }

            thread.Start();
        });
        InferenceException? refused = await Assert.That(() => (Task)threads.RunAsync(() => 1)).Throws<InferenceException>();
        await Assert.That(refused!.Fault).IsEqualTo(InferenceFault.OutOfMemory);
        await Assert.That(await threads.RunAsync(() => 2).Within()).IsEqualTo(2);
    }

    [Test]
    public async Task Work_whose_thread_cannot_be_started_is_done_by_another_that_is_there()
    {
        int starts = 0;
        using var gate = new ManualResetEventSlim();
        using var threads = new WorkerThreads("test", 2, start: thread =>
        {
            if (starts++ > 0)
            {
                throw new InsufficientMemoryException();
            }

            thread.Start();
        });
        Task<bool> first = threads.RunAsync(() => gate.Wait(Patience.Limit));
        Task<int> second = threads.RunAsync(() => 2), third = threads.RunAsync(() => 3);
        gate.Set();
        await Assert.That(await first.Within()).IsTrue();
        await Assert.That((await second.Within(), await third.Within())).IsEqualTo((2, 3));
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task Work_that_is_there_when_the_threads_are_to_end_is_answered_and_no_more_is_taken(bool yields)
    {
        using var gate = new ManualResetEventSlim();
        var threads = new WorkerThreads("test", 1, yields);
        Task<bool> first = threads.RunAsync(() => gate.Wait(Patience.Limit));
        Task<int> second = threads.RunAsync<int>(() => throw new InvalidDataException());
        threads.Dispose();
        await Assert.That(() => (Task)threads.RunAsync(() => 3)).Throws<ObjectDisposedException>();
        gate.Set();
        await Assert.That(await first.Within()).IsTrue();
        await Assert.That(() => (Task)second.Within()).Throws<InvalidDataException>();
    }
}

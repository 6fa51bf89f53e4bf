namespace ImmichMl.Tests.Inference;

/// <summary>Work on pixels in parts: each is done once, whoever does it, and nothing goes on behind the caller's back.</summary>
public sealed class SideBySideTests
{
    [Test]
    [Arguments(1, 1)]
    [Arguments(1, 7)]
    [Arguments(2, 1)]
    [Arguments(2, 7)]
    [Arguments(4, 100)]
    [Arguments(64, 3)]
    public async Task Every_part_is_done_once(int threads, int count)
    {
        int[] done = new int[count];
        for (int round = 1; round <= 200; round++)
        {
            On(threads, () => SideBySide.Run(count, i => Interlocked.Increment(ref done[i])));
            await Assert.That(done.All(times => times == round)).IsTrue();
        }
    }

    [Test]
    [Arguments(1, 480)]
    [Arguments(2, 480)]
    [Arguments(3, 47)]
    [Arguments(4, 1)]
    public async Task Bands_cover_every_row_once(int threads, int rows)
    {
        int[] covered = new int[rows];
        On(threads, () => SideBySide.RunRows(rows, band =>
        {
            for (int y = band.First; y < band.First + band.Count; y++)
            {
                Interlocked.Increment(ref covered[y]);
            }
        }));
        await Assert.That(covered.All(times => times == 1)).IsTrue();
    }

    [Test]
    public async Task Threads_of_the_pool_help_a_request_that_is_alone_and_no_other()
    {
        // The first part waits for the second: alone on its thread it would wait for ever.
        using var second = new ManualResetEventSlim();
        bool helped = false;
        On(2, () => SideBySide.Run(2, i =>
        {
            if (i == 0)
            {
                helped = second.Wait(TimeSpan.FromSeconds(30));
            }
            else
            {
                second.Set();
            }
        }));
        await Assert.That(helped).IsTrue();

        int caller = 0, others = 0;
        RunOnThread(isOneOfMany: true, 2, () =>
        {
            caller = Environment.CurrentManagedThreadId;
            SideBySide.Run(50, _ => others += Environment.CurrentManagedThreadId == caller ? 0 : 1);
        });
        await Assert.That(others).IsEqualTo(0);
    }

    [Test]
    [Arguments(1)]
    [Arguments(2)]
    [Arguments(4)]
    public async Task What_a_part_throws_comes_out_once_nobody_works_any_more(int threads)
    {
        for (int round = 0; round < 200; round++)
        {
            int working = 0;
            Exception? thrown = null;
            On(threads, () =>
            {
                try
                {
                    SideBySide.Run(20, i =>
                    {
                        Interlocked.Increment(ref working);
                        Thread.SpinWait(50);
                        Interlocked.Decrement(ref working);
                        if (i == 3)
                        {
                            throw new InvalidOperationException("the third");
                        }
                    });
                }
                catch (Exception e)
                {
                    thrown = e;
                }
            });
            await Assert.That(thrown).IsTypeOf<InvalidOperationException>();
            await Assert.That(working).IsEqualTo(0);
        }
    }

    [Test]
    [Arguments(1, 5)]
    [Arguments(2, 1)]
    [Arguments(2, 5)]
    [Arguments(2, 22)]
    [Arguments(64, 3)]
    public async Task Of_model_runs_whole_rounds_go_side_by_side_on_one_thread_each_and_the_rest_has_all(int threads, int count)
    {
        int together = Math.Min(threads, Environment.ProcessorCount);
        int shared = together == 1 ? 0 : count / together * together;
        int[] done = new int[count];
        bool[] wereOneOfMany = new bool[count];
        (bool IsOneOfMany, int Threads) after = default;
        On(threads, () =>
        {
            SideBySide.RunModels(count, i =>
            {
                Interlocked.Increment(ref done[i]);
                wereOneOfMany[i] = RunKind.IsOneOfMany;
            });
            after = (RunKind.IsOneOfMany, RunKind.Threads);
        });
        await Assert.That(done.All(times => times == 1)).IsTrue();
        await Assert.That(wereOneOfMany.Select((was, i) => was == (i < shared)).All(right => right)).IsTrue();
        await Assert.That(after).IsEqualTo((false, threads));
    }

    [Test]
    public async Task A_model_run_that_fails_leaves_its_thread_as_it_was()
    {
        (bool IsOneOfMany, int Threads) after = default;
        Exception? thrown = null;
        On(2, () =>
        {
            try
            {
                SideBySide.RunModels(4, i => throw new InvalidOperationException($"run {i}"));
            }
            catch (Exception e)
            {
                thrown = e;
            }

            after = (RunKind.IsOneOfMany, RunKind.Threads);
        });
        await Assert.That(thrown).IsTypeOf<InvalidOperationException>();
        await Assert.That(after).IsEqualTo((false, 2));
    }

    [Test]
    public async Task Model_runs_of_one_of_many_requests_stay_on_its_thread()
    {
        int others = 0;
        RunOnThread(isOneOfMany: true, 2, () =>
        {
            int caller = Environment.CurrentManagedThreadId;
            SideBySide.RunModels(50, _ => others += Environment.CurrentManagedThreadId == caller ? 0 : 1);
        });
        await Assert.That(others).IsEqualTo(0);
    }

    static void On(int threads, Action work) => RunOnThread(isOneOfMany: false, threads, work);

    /// <summary>The kind of a run belongs to the thread, and no other test is to find it there.</summary>
    static void RunOnThread(bool isOneOfMany, int threadsAlone, Action work)
    {
        var thread = new Thread(() =>
        {
            RunKind.Set(isOneOfMany, isOneOfMany ? 1 : threadsAlone);
            work();
        });
        thread.Start();
        thread.Join();
    }
}

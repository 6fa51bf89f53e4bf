namespace ImmichMl.Tests.Inference;

public sealed class InferenceQueueTests
{
    static InferenceQueue Queue(int threads, int queue) => new(new RuntimeOptions { RequestThreads = threads, Queue = queue });

    [Test]
    public async Task One_more_than_fits_is_refused_at_once_and_admitted_when_somebody_leaves()
    {
        using InferenceQueue queue = Queue(threads: 2, queue: 3);
        List<InferenceQueue.Admission> admissions = [.. Enumerable.Range(0, 5).Select(_ => queue.Admit(Lane.Background))];
        InferenceException? refused = await Assert.That(() => queue.Admit(Lane.Interactive)).Throws<InferenceException>();
        await Assert.That(refused!.Fault).IsEqualTo(InferenceFault.Overloaded);
        admissions[0].Dispose();
        admissions[0].Dispose();
        queue.Admit(Lane.Interactive).Dispose();
        admissions.ForEach(admission => admission.Dispose());
        await Assert.That(queue.Waiting).IsEqualTo((0, 0));
    }

    [Test]
    public async Task Interactive_goes_before_background_and_within_a_lane_the_first_come_goes_first()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 10);
        InferenceQueue.Admission working = queue.Admit(Lane.Background);
        await working.SlotAsync(CancellationToken.None).Within();
        InferenceQueue.Admission besides = queue.Admit(Lane.Interactive);
        await besides.SlotAsync(CancellationToken.None).Within();
        var order = new List<string>();
        string[] requests = ["background 1", "background 2", "interactive 1", "background 3", "interactive 2"];
        List<Task> all = [.. requests.Select(name => NextAsync(name, name[0] == 'i' ? Lane.Interactive : Lane.Background))];
        await Assert.That(queue.Waiting).IsEqualTo((2, 3));
        besides.Dispose();
        await Task.WhenAll(all[2], all[4]).Within();
        working.Dispose();
        await Task.WhenAll(all).Within();
        await Assert.That(string.Join(", ", order)).IsEqualTo("interactive 1, interactive 2, background 1, background 2, background 3");

        // Only one has a slot at a time, so the list needs no lock.
        async Task NextAsync(string name, Lane lane)
        {
            using InferenceQueue.Admission admission = queue.Admit(lane);
            await admission.SlotAsync(CancellationToken.None);
            order.Add(name);
        }
    }

    [Test]
    public async Task With_fewer_slots_fewer_are_in_work_and_never_none_and_what_waits_goes_on_when_they_come_back()
    {
        using InferenceQueue queue = Queue(threads: 3, queue: 10);
        queue.Slots = 0;
        List<InferenceQueue.Admission> admissions = [.. Enumerable.Range(0, 3).Select(_ => queue.Admit(Lane.Background))];
        Task[] slots = [.. admissions.Select(admission => admission.SlotAsync(CancellationToken.None))];
        await slots[0].Within();
        await Assert.That((queue.Slots, slots[1].IsCompleted, queue.Waiting.Background)).IsEqualTo((1, false, 2));
        using (InferenceQueue.Admission person = queue.Admit(Lane.Interactive))
        {
            await person.SlotAsync(CancellationToken.None).Within();
        }

        queue.Slots = 9;
        await Task.WhenAll(slots).Within();
        await Assert.That((queue.Slots, queue.Waiting.Background)).IsEqualTo((3, 0));
        admissions.ForEach(admission => admission.Dispose());
    }

    [Test]
    public async Task Who_gives_up_waiting_leaves_the_queue_and_its_room_is_free_again()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 1);
        using InferenceQueue.Admission working = queue.Admit(Lane.Background);
        await working.SlotAsync(CancellationToken.None).Within();
        using var impatient = new CancellationTokenSource();
        InferenceQueue.Admission leaving = queue.Admit(Lane.Background);
        Task slot = leaving.SlotAsync(impatient.Token);
        await Assert.That(() => queue.Admit(Lane.Interactive)).Throws<InferenceException>();
        await impatient.CancelAsync();
        await Assert.That(() => slot).Throws<OperationCanceledException>();
        leaving.Dispose();
        await Assert.That(queue.Waiting).IsEqualTo((0, 0));
        using InferenceQueue.Admission next = queue.Admit(Lane.Background);
        working.Dispose();
        await next.SlotAsync(CancellationToken.None).Within();
    }

    [Test]
    public async Task Work_that_is_cancelled_before_it_starts_never_runs()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 1);
        using var gate = new ManualResetEventSlim();
        using InferenceQueue.Admission first = queue.Admit(Lane.Interactive);
        using InferenceQueue.Admission second = queue.Admit(Lane.Interactive);
        using var cancelled = new CancellationTokenSource();
        bool ran = false;
        Task<bool> blocks = first.RunAsync(() => gate.Wait(Patience.Limit), CancellationToken.None);
        Task<bool> waits = second.RunAsync(() => ran = true, cancelled.Token);
        await cancelled.CancelAsync();
        gate.Set();
        await Assert.That(() => (Task)waits.Within()).Throws<OperationCanceledException>();
        await Assert.That((await blocks.Within(), ran)).IsEqualTo((true, false));
    }

    [Test]
    public async Task What_work_throws_comes_out_and_the_thread_goes_on()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 1);
        using InferenceQueue.Admission admission = queue.Admit(Lane.Interactive);
        await Assert.That(() => (Task)admission.RunAsync<int>(() => throw new InvalidDataException(), CancellationToken.None))
            .Throws<InvalidDataException>();
        await Assert.That(await admission.RunAsync(() => 42, CancellationToken.None).Within()).IsEqualTo(42);
    }

    [Test]
    public async Task An_interactive_request_has_a_place_besides_those_that_a_backlog_takes()
    {
        using InferenceQueue queue = Queue(threads: 2, queue: 10);
        List<InferenceQueue.Admission> backlog = [.. Enumerable.Range(0, 4).Select(_ => queue.Admit(Lane.Background))];
        List<Task> slots = [.. backlog.Select(admission => admission.SlotAsync(CancellationToken.None))];
        await slots[1].Within();
        await Assert.That(queue.Waiting).IsEqualTo((0, 2));
        using InferenceQueue.Admission query = queue.Admit(Lane.Interactive);
        await query.SlotAsync(CancellationToken.None).Within();
        await Assert.That((backlog[0].Yields, query.Yields, slots[2].IsCompleted)).IsEqualTo((true, false, false));
        backlog.ForEach(admission => admission.Dispose());
    }

    [Test]
    public async Task Peers_take_turns_however_much_one_of_them_asks_for()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 100);
        InferenceQueue.Admission working = queue.Admit(Lane.Background, peer: 1);
        await working.SlotAsync(CancellationToken.None).Within();
        var order = new List<string>();
        List<Task> all = [.. "aaaaaabb".Select(name => NextAsync(name))];
        working.Dispose();
        await Task.WhenAll(all).Within();
        await Assert.That(string.Concat(order)).IsEqualTo("ababaaaa");

        async Task NextAsync(char name)
        {
            using InferenceQueue.Admission admission = queue.Admit(Lane.Background, peer: name);
            await admission.SlotAsync(CancellationToken.None);
            order.Add(name.ToString());
        }
    }

    [Test]
    public async Task A_full_queue_makes_room_at_the_cost_of_the_peer_that_fills_it_and_says_when_to_come_again()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 3);
        List<InferenceQueue.Admission> greedy = [.. Enumerable.Range(0, 4).Select(_ => queue.Admit(Lane.Background, peer: 1))];
        List<Task> slots = [.. greedy.Select(admission => admission.SlotAsync(CancellationToken.None))];
        await slots[0].Within();
        using InferenceQueue.Admission modest = queue.Admit(Lane.Background, peer: 2);
        InferenceException? pushed = await Assert.That(() => slots[3].Within()).Throws<InferenceException>();
        await Assert.That((pushed!.Fault, pushed.RetryAfter > TimeSpan.Zero)).IsEqualTo((InferenceFault.Overloaded, true));
        await Assert.That(() => queue.Admit(Lane.Background, peer: 1)).Throws<InferenceException>();
        greedy.ForEach(admission => admission.Dispose());
        await modest.SlotAsync(CancellationToken.None).Within();
        await Assert.That(queue.Waiting).IsEqualTo((0, 0));
    }

    [Test]
    public async Task Two_hundred_requests_never_have_more_turns_at_once_than_there_are_and_one_besides_and_all_get_one()
    {
        using InferenceQueue queue = Queue(threads: 3, queue: 200);
        int now = 0, most = 0, done = 0;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => RequestAsync(i)))).Within();
        await Assert.That((done, now, most <= 4, most > 1)).IsEqualTo((180, 0, true, true)).Because($"{most} had a slot at once");

        // Every tenth gives up at some time or other.
        async Task RequestAsync(int i)
        {
            using InferenceQueue.Admission admission = queue.Admit(i % 3 == 0 ? Lane.Interactive : Lane.Background);
            try
            {
                await admission.SlotAsync(new CancellationToken(canceled: i % 10 == 0));
            }
            catch (OperationCanceledException)
            {
                return;
            }

            lock (queue)
            {
                most = Math.Max(most, ++now);
            }

            await admission.RunAsync(() => Thread.Yield(), CancellationToken.None);
            await Task.Delay(1);
            lock (queue)
            {
                now--;
                done++;
            }
        }
    }
}

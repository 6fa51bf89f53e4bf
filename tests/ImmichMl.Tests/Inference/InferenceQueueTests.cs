using ImmichMl.Inference;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Inference;

public sealed class InferenceQueueTests
{
    static InferenceQueue Queue(int threads, int queue) => new(new RuntimeOptions { RequestThreads = threads, Queue = queue });

    [Test]
    public async Task One_more_than_fits_is_refused_at_once_and_admitted_when_somebody_leaves()
    {
        using InferenceQueue queue = Queue(threads: 2, queue: 3);
        List<InferenceQueue.Place> places = [.. Enumerable.Range(0, 5).Select(_ => queue.Admit(Lane.Background))];
        InferenceException? refused = await Assert.That(() => queue.Admit(Lane.Interactive)).Throws<InferenceException>();
        await Assert.That(refused!.Fault).IsEqualTo(InferenceFault.Overloaded);
        places[0].Dispose();
        places[0].Dispose();
        queue.Admit(Lane.Interactive).Dispose();
        places.ForEach(place => place.Dispose());
        await Assert.That(queue.Waiting).IsEqualTo((0, 0));
    }

    [Test]
    public async Task Interactive_goes_before_background_and_within_a_lane_the_first_come_goes_first()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 10);
        InferenceQueue.Place working = queue.Admit(Lane.Background);
        await working.TurnAsync(CancellationToken.None).Within();
        InferenceQueue.Place besides = queue.Admit(Lane.Interactive);
        await besides.TurnAsync(CancellationToken.None).Within();
        var order = new List<string>();
        string[] arrivals = ["background 1", "background 2", "interactive 1", "background 3", "interactive 2"];
        List<Task> all = [.. arrivals.Select(name => NextAsync(name, name[0] == 'i' ? Lane.Interactive : Lane.Background))];
        await Assert.That(queue.Waiting).IsEqualTo((2, 3));
        besides.Dispose();
        await Task.WhenAll(all[2], all[4]).Within();
        working.Dispose();
        await Task.WhenAll(all).Within();
        await Assert.That(string.Join(", ", order)).IsEqualTo("interactive 1, interactive 2, background 1, background 2, background 3");

        // Only one has a turn at a time, so the list needs no lock.
        async Task NextAsync(string name, Lane lane)
        {
            using InferenceQueue.Place place = queue.Admit(lane);
            await place.TurnAsync(CancellationToken.None);
            order.Add(name);
        }
    }

    [Test]
    public async Task Who_gives_up_waiting_leaves_the_queue_and_its_room_is_free_again()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 1);
        using InferenceQueue.Place working = queue.Admit(Lane.Background);
        await working.TurnAsync(CancellationToken.None).Within();
        using var impatient = new CancellationTokenSource();
        InferenceQueue.Place leaving = queue.Admit(Lane.Background);
        Task turn = leaving.TurnAsync(impatient.Token);
        await Assert.That(() => queue.Admit(Lane.Interactive)).Throws<InferenceException>();
        await impatient.CancelAsync();
        await Assert.That(() => turn).Throws<OperationCanceledException>();
        leaving.Dispose();
        await Assert.That(queue.Waiting).IsEqualTo((0, 0));
        using InferenceQueue.Place next = queue.Admit(Lane.Background);
        working.Dispose();
        await next.TurnAsync(CancellationToken.None).Within();
    }

    [Test]
    public async Task Work_that_is_cancelled_before_it_starts_never_runs()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 1);
        using var gate = new ManualResetEventSlim();
        using InferenceQueue.Place first = queue.Admit(Lane.Interactive);
        using InferenceQueue.Place second = queue.Admit(Lane.Interactive);
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
        using InferenceQueue.Place place = queue.Admit(Lane.Interactive);
        await Assert.That(() => (Task)place.RunAsync<int>(() => throw new InvalidDataException(), CancellationToken.None)).Throws<InvalidDataException>();
        await Assert.That(await place.RunAsync(() => 42, CancellationToken.None).Within()).IsEqualTo(42);
    }

    [Test]
    public async Task An_interactive_request_has_a_place_besides_those_that_a_backlog_takes()
    {
        using InferenceQueue queue = Queue(threads: 2, queue: 10);
        List<InferenceQueue.Place> backlog = [.. Enumerable.Range(0, 4).Select(_ => queue.Admit(Lane.Background))];
        List<Task> turns = [.. backlog.Select(place => place.TurnAsync(CancellationToken.None))];
        await turns[1].Within();
        await Assert.That(queue.Waiting).IsEqualTo((0, 2));
        using InferenceQueue.Place query = queue.Admit(Lane.Interactive);
        await query.TurnAsync(CancellationToken.None).Within();
        await Assert.That((backlog[0].Yields, query.Yields, turns[2].IsCompleted)).IsEqualTo((true, false, false));
        backlog.ForEach(place => place.Dispose());
    }

    [Test]
    public async Task Peers_take_turns_however_much_one_of_them_asks_for()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 100);
        InferenceQueue.Place working = queue.Admit(Lane.Background, peer: 1);
        await working.TurnAsync(CancellationToken.None).Within();
        var order = new List<string>();
        List<Task> all = [.. "aaaaaabb".Select(name => NextAsync(name))];
        working.Dispose();
        await Task.WhenAll(all).Within();
        await Assert.That(string.Concat(order)).IsEqualTo("ababaaaa");

        async Task NextAsync(char name)
        {
            using InferenceQueue.Place place = queue.Admit(Lane.Background, peer: name);
            await place.TurnAsync(CancellationToken.None);
            order.Add(name.ToString());
        }
    }

    [Test]
    public async Task A_full_queue_makes_room_at_the_cost_of_the_peer_that_fills_it_and_says_when_to_come_again()
    {
        using InferenceQueue queue = Queue(threads: 1, queue: 3);
        List<InferenceQueue.Place> greedy = [.. Enumerable.Range(0, 4).Select(_ => queue.Admit(Lane.Background, peer: 1))];
        List<Task> turns = [.. greedy.Select(place => place.TurnAsync(CancellationToken.None))];
        await turns[0].Within();
        using InferenceQueue.Place modest = queue.Admit(Lane.Background, peer: 2);
        InferenceException? pushed = await Assert.That(() => turns[3].Within()).Throws<InferenceException>();
        await Assert.That((pushed!.Fault, pushed.RetryAfter > TimeSpan.Zero)).IsEqualTo((InferenceFault.Overloaded, true));
        await Assert.That(() => queue.Admit(Lane.Background, peer: 1)).Throws<InferenceException>();
        greedy.ForEach(place => place.Dispose());
        await modest.TurnAsync(CancellationToken.None).Within();
        await Assert.That(queue.Waiting).IsEqualTo((0, 0));
    }

    [Test]
    public async Task Two_hundred_requests_never_have_more_turns_at_once_than_there_are_and_one_besides_and_all_get_one()
    {
        using InferenceQueue queue = Queue(threads: 3, queue: 200);
        int now = 0, most = 0, done = 0;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => RequestAsync(i)))).Within();
        await Assert.That((done, now, most <= 4, most > 1)).IsEqualTo((180, 0, true, true)).Because($"{most} had a turn at once");

        // Every tenth gives up at some time or other.
        async Task RequestAsync(int i)
        {
            using InferenceQueue.Place place = queue.Admit(i % 3 == 0 ? Lane.Interactive : Lane.Background);
            try
            {
                await place.TurnAsync(new CancellationToken(canceled: i % 10 == 0));
            }
            catch (OperationCanceledException)
            {
                return;
            }

            lock (queue)
            {
                most = Math.Max(most, ++now);
            }

            await place.RunAsync(() => Thread.Yield(), CancellationToken.None);
            await Task.Delay(1);
            lock (queue)
            {
                now--;
                done++;
            }
        }
    }
}

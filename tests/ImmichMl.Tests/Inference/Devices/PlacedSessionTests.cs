namespace ImmichMl.Tests.Inference.Devices;

/// <summary>Runs on real plug-in devices: spread, lost, out of memory, recorded.</summary>
[NotInParallel(StandInProvider.Alone)]
public sealed class PlacedSessionTests
{
    [Test]
    public async Task Requests_spread_over_the_devices_and_each_answer_is_its_own()
    {
        using var provider = new StandInProvider();
        DeviceList devices = provider.Find(provider.Options("0,1"));
        using var session = provider.Load(devices);
        int[] before = [.. Enumerable.Range(0, 2).Select(device => StandInProvider.Library.Get("standin_runs", device))];
        StandInProvider.Library.Set("standin_delay", 3000);
        var answers = new float[24][];
        await Parallel.ForAsync(0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, (i, _) =>
        {
            answers[i] = StandInProvider.Run(session, 1 + (i % 3), i);
            return ValueTask.CompletedTask;
        });
        for (int i = 0; i < answers.Length; i++)
        {
            await Assert.That(answers[i].SequenceEqual(StandInProvider.Expected(1 + (i % 3), i))).IsTrue();
        }

        int[] runs = [.. before.Select((count, device) => StandInProvider.Library.Get("standin_runs", device) - count)];
        await Assert.That(runs.Sum()).IsEqualTo(24);
        await Assert.That(runs.Min()).IsGreaterThanOrEqualTo(6);
        await Assert.That(devices.All.Sum(device => device.InUse)).IsEqualTo(0);
        await Assert.That(devices.WhereIs(StandInProvider.Key())).IsEqualTo("standin:0,standin:1");
    }

    [Test]
    public async Task A_device_that_is_lost_in_a_run_is_left_and_the_run_is_repeated_elsewhere()
    {
        using var provider = new StandInProvider();
        DeviceList devices = provider.Find(provider.Options("0,1"));
        var told = new List<string>();
        devices.Warned = told.Add;
        using var first = provider.Load(devices, StandInProvider.Key("first"));
        using var second = provider.Load(devices, StandInProvider.Key("second"));
        StandInProvider.Library.Set("standin_fail", 0, 1);
        await Assert.That(StandInProvider.Run(first).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(devices.WhereIs(StandInProvider.Key("first"))).IsEqualTo("standin:1");
        await Assert.That(told.Single()).Contains("standin:0 is lost");
        await Assert.That(devices.All.Single(device => device.Id == 0 && !device.IsCpu).IsLost).IsTrue();

        // The other model was never run on it, and leaves it all the same.
        await Assert.That(StandInProvider.Run(second).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(devices.WhereIs(StandInProvider.Key("second"))).IsEqualTo("standin:1");

        // The last device goes: the CPU takes over.
        StandInProvider.Library.Set("standin_fail", 1, 1);
        await Assert.That(StandInProvider.Run(first).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(devices.WhereIs(StandInProvider.Key("first"))).IsEqualTo("cpu");
        await Assert.That(string.Join(" ", devices.Providers)).IsEqualTo("cpu");
        await Assert.That(string.Join('\n', devices.Remarks)).Contains("all its devices are lost");

        // What loads from now on does not try again.
        using var third = provider.Load(devices, StandInProvider.Key("third"));
        await Assert.That(StandInProvider.Run(third).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(devices.WhereIs(StandInProvider.Key("third"))).IsEqualTo("cpu");
    }

    [Test]
    public async Task An_answer_without_numbers_names_the_device_that_gave_it()
    {
        using var provider = new StandInProvider();
        DeviceList devices = provider.Find(provider.Options("1"));
        using var session = provider.Load(devices);
        InferenceException? fault = await Assert.That(() => session.Run(
            new float[12], [1, 12], bool (_, _) => throw InferenceException.NotFinite(StandInProvider.Key(), ExecutionDevice.CpuProvider),
            CancellationToken.None))
            .Throws<InferenceException>();
        await Assert.That(fault!.Fault).IsEqualTo(InferenceFault.NotFinite);
        await Assert.That(fault.Message).Contains("on standin:1");
        await Assert.That(StandInProvider.Run(session).SequenceEqual(StandInProvider.Expected())).IsTrue();
    }

    [Test]
    public async Task A_device_lost_under_a_crowd_costs_nobody_an_answer()
    {
        using var provider = new StandInProvider();
        DeviceList devices = provider.Find();
        using var session = provider.Load(devices);
        StandInProvider.Library.Set("standin_delay", 1000);
        int wrong = 0;
        await Parallel.ForAsync(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 6 }, (i, _) =>
        {
            if (i == 20)
            {
                StandInProvider.Library.Set("standin_fail", 0, 1);
            }

            if (!StandInProvider.Run(session, 1, i).SequenceEqual(StandInProvider.Expected(1, i)))
            {
                Interlocked.Increment(ref wrong);
            }

            return ValueTask.CompletedTask;
        });
        await Assert.That(wrong).IsEqualTo(0);
        await Assert.That(devices.WhereIs(StandInProvider.Key())).IsEqualTo("cpu");
    }

    [Test]
    public async Task Lack_of_memory_and_other_failures_are_no_loss()
    {
        using var provider = new StandInProvider();
        DeviceList devices = provider.Find();
        using var session = provider.Load(devices);
        StandInProvider.Library.Set("standin_fail", 0, 2);
        int before = StandInProvider.Library.Get("standin_runs", 0);
        InferenceException? memory = await Assert.That(() => StandInProvider.Run(session)).Throws<InferenceException>();
        await Assert.That(memory!.Fault).IsEqualTo(InferenceFault.OutOfMemory);
        await Assert.That(StandInProvider.Library.Get("standin_runs", 0) - before).IsEqualTo(2);
        StandInProvider.Library.Set("standin_fail", 0, 3);
        ModelException? other = await Assert.That(() => StandInProvider.Run(session)).Throws<ModelException>();
        await Assert.That(other!.Message).Contains("standin:0").And.Contains("does not feel like it");
        StandInProvider.Library.Set("standin_fail", 0, 0);
        await Assert.That(StandInProvider.Run(session).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(devices.WhereIs(StandInProvider.Key())).IsEqualTo("standin:0");
    }

    [Test]
    public async Task A_device_that_refuses_a_model_leaves_it_to_the_cpu_and_says_why()
    {
        using var provider = new StandInProvider();
        DeviceList devices = provider.Find();
        StandInProvider.Library.Set("standin_refuse", 0, 1);
        using var session = provider.Load(devices);
        await Assert.That(StandInProvider.Run(session).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(devices.WhereIs(StandInProvider.Key())).IsEqualTo("cpu");
        await Assert.That(string.Join('\n', devices.Remarks)).Contains("refuses this model");
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task Buffers_stay_for_few_shapes_and_all_go_with_the_model(bool recorded)
    {
        using var provider = new StandInProvider("cuda");
        DeviceOptions options = provider.Options();
        options.CudaGraphs = recorded;
        long before = StandInProvider.Library.GetLong("standin_allocated");
        DeviceList devices = provider.Find(options);
        using (var session = provider.Load(devices))
        {
            for (int rows = 1; rows <= 40; rows++)
            {
                await Assert.That(StandInProvider.Run(session, rows, rows).SequenceEqual(StandInProvider.Expected(rows, rows))).IsTrue();
            }

            long one = StandInProvider.Library.GetLong("standin_allocated");
            for (int i = 0; i < 200; i++)
            {
                await Assert.That(StandInProvider.Run(session, 1 + (i % 40), i).SequenceEqual(StandInProvider.Expected(1 + (i % 40), i)))
                    .IsTrue();
            }

            await Assert.That(StandInProvider.Library.GetLong("standin_allocated") - one).IsBetween(-8, 8);
            await Assert.That(StandInProvider.Library.GetText("standin_options").Contains("enable_cuda_graph=1")).IsEqualTo(recorded);
        }

        await Assert.That(StandInProvider.Library.GetLong("standin_allocated")).IsEqualTo(before);
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task Models_have_an_allocator_each_or_share_one(bool shared)
    {
        using var provider = new StandInProvider();
        DeviceOptions options = provider.Options();
        options.GpuSharedArena = shared;
        DeviceList devices = provider.Find(options);
        int before = StandInProvider.Library.Get("standin_allocators");
        using var first = provider.Load(devices, StandInProvider.Key("first"));
        using var second = provider.Load(devices, StandInProvider.Key("second"));
        await Assert.That(StandInProvider.Run(first).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(StandInProvider.Run(second).SequenceEqual(StandInProvider.Expected())).IsTrue();
        await Assert.That(StandInProvider.Library.Get("standin_allocators") > before).IsEqualTo(!shared);
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task When_work_is_over_buffers_go_and_the_next_run_is_as_right_as_before(bool recorded)
    {
        using var provider = new StandInProvider("cuda");
        DeviceOptions options = provider.Options("0,1");
        options.CudaGraphs = recorded;
        DeviceList devices = provider.Find(options);
        using var session = provider.Load(devices);
        for (int rows = 1; rows <= 6; rows++)
        {
            StandInProvider.Run(session, rows, rows);
        }

        long busy = StandInProvider.Library.GetLong("standin_allocated");
        devices.ReturnMemory();
        await Assert.That(StandInProvider.Library.GetLong("standin_allocated")).IsLessThan(busy);
        devices.ReturnMemory();
        await Assert.That(StandInProvider.Run(session, 3, 5).SequenceEqual(StandInProvider.Expected(3, 5))).IsTrue();

        // A device that is lost meanwhile is noticed by the next request and not before.
        StandInProvider.Library.Set("standin_fail", 0, 1);
        devices.ReturnMemory();
        await Assert.That(StandInProvider.Run(session, 2, 1).SequenceEqual(StandInProvider.Expected(2, 1))).IsTrue();
    }
}

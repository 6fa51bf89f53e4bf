namespace ImmichMl.Tests.Inference;

public sealed class BudgetTests
{
    [Test]
    public async Task A_large_wish_is_not_starved_by_small_ones_that_come_after_it()
    {
        var budget = new Budget(10);
        Budget.Grant holder = budget.Open(), large = budget.Open(), small = budget.Open();
        await holder.GrowAsync(5, CancellationToken.None).Within();
        Task waitsForLarge = large.GrowAsync(8, CancellationToken.None);
        Task waitsForSmall = small.GrowAsync(1, CancellationToken.None);
        await Assert.That((waitsForLarge.IsCompleted, waitsForSmall.IsCompleted, budget.IsShort)).IsEqualTo((false, false, true));
        holder.Dispose();
        await waitsForLarge.Within();
        await waitsForSmall.Within();
        await Assert.That((budget.InUse, budget.IsShort)).IsEqualTo((9L, false));
    }

    [Test]
    public async Task What_is_withheld_nobody_gets_but_one_who_asks_alone_and_it_comes_back()
    {
        var budget = new Budget(10);
        budget.Withhold(8);
        Budget.Grant alone = budget.Open(), small = budget.Open(), next = budget.Open();
        await alone.GrowAsync(9, CancellationToken.None).Within();
        Task waitsForSmall = small.GrowAsync(1, CancellationToken.None);
        await Assert.That(waitsForSmall.IsCompleted).IsFalse();
        alone.Dispose();
        await waitsForSmall.Within();
        Task waitsForNext = next.GrowAsync(2, CancellationToken.None);
        await Assert.That(waitsForNext.IsCompleted).IsFalse();
        budget.Withhold(0);
        await waitsForNext.Within();
        await Assert.That(budget.InUse).IsEqualTo(3);
    }

    [Test]
    public async Task What_is_released_is_free_again_and_only_once()
    {
        var budget = new Budget(10);
        Budget.Grant grant = budget.Open();
        await grant.GrowAsync(3, CancellationToken.None).Within();
        await grant.GrowAsync(4, CancellationToken.None).Within();
        await Assert.That(budget.InUse).IsEqualTo(7);
        grant.Dispose();
        grant.Dispose();
        await Assert.That((budget.InUse, budget.Total)).IsEqualTo((0L, 10L));
    }

    [Test]
    public async Task Who_gives_up_waiting_is_forgotten_and_lets_the_next_through()
    {
        var budget = new Budget(10);
        Budget.Grant holder = budget.Open(), leaving = budget.Open(), next = budget.Open();
        await holder.GrowAsync(5, CancellationToken.None).Within();
        using var impatient = new CancellationTokenSource();
        Task leaves = leaving.GrowAsync(8, impatient.Token);
        Task follows = next.GrowAsync(5, CancellationToken.None);
        await Assert.That(follows.IsCompleted).IsFalse();
        await impatient.CancelAsync();
        await Assert.That(() => leaves).Throws<OperationCanceledException>();
        await follows.Within();
        leaving.Dispose();
        await Assert.That(budget.InUse).IsEqualTo(10);
    }

    [Test]
    public async Task A_token_that_is_cancelled_already_waits_for_nothing()
    {
        var budget = new Budget(1);
        await budget.Open().GrowAsync(1, CancellationToken.None).Within();
        await Assert.That(() => budget.Open().GrowAsync(1, new CancellationToken(canceled: true))).Throws<OperationCanceledException>();
        await Assert.That(budget.IsShort).IsFalse();
    }

    [Test]
    public async Task The_overdraft_is_for_one_at_a_time()
    {
        var budget = new Budget(10, overdraft: true);
        Budget.Grant holder = budget.Open(), first = budget.Open(), second = budget.Open();
        await holder.GrowAsync(10, CancellationToken.None).Within();
        await first.GrowAsync(1000, CancellationToken.None).Within();
        await first.GrowAsync(1000, CancellationToken.None).Within();
        Task waits = second.GrowAsync(1, CancellationToken.None);
        await Assert.That((waits.IsCompleted, budget.InUse)).IsEqualTo((false, 10L));
        first.Dispose();
        await waits.Within();
        await Assert.That(second.GrowAsync(5, CancellationToken.None).IsCompletedSuccessfully).IsTrue();
        second.Dispose();
        holder.Dispose();
        await Assert.That(budget.InUse).IsEqualTo(0);
    }

    [Test]
    public async Task Two_that_grow_past_the_total_step_by_step_do_not_wait_for_each_other_for_ever()
    {
        var budget = new Budget(10, overdraft: true);
        using var bothHoldHalf = new Barrier(2);
        await Task.WhenAll(Task.Run(GrowAsync), Task.Run(GrowAsync)).Within();
        await Assert.That(budget.InUse).IsEqualTo(0);

        async Task GrowAsync()
        {
            using Budget.Grant grant = budget.Open();
            await grant.GrowAsync(5, CancellationToken.None);
            bothHoldHalf.SignalAndWait(Patience.Limit);
            for (int step = 0; step < 5; step++)
            {
                await grant.GrowAsync(2, CancellationToken.None);
            }
        }
    }
}

namespace ImmichMl.Tests.Inference;

/// <summary>A thousand steps of growing, giving back and giving up, checked against a plain sum.</summary>
public sealed class BudgetConservationTests
{
    const long Total = 100;

    sealed class Holder(Budget budget) : IDisposable
    {
        readonly CancellationTokenSource _patience = new();
        readonly Budget.Grant _grant = budget.Open();
        long _held;

        public (Task Task, long Amount)? Wish { get; private set; }

        /// <summary>The step at which the last wish was made.</summary>
        public int Since { get; private set; }

        public bool Waits => Wish is { Task.IsCompleted: false };

        public long Held => _held + (Wish is { Task.IsCompletedSuccessfully: true } granted ? granted.Amount : 0);

        public void Grow(long amount, int step)
        {
            Since = step;
            _held = Held;
            Wish = (_grant.GrowAsync(amount, _patience.Token), amount);
        }

        public void Dispose()
        {
            _patience.Cancel();
            _grant.Dispose();
            _patience.Dispose();
        }
    }

    [Test]
    [Arguments(1ul)]
    [Arguments(2ul)]
    [Arguments(3ul)]
    public async Task Nothing_is_lost_nothing_is_made_and_nobody_waits_for_what_is_free(ulong seed)
    {
        var budget = new Budget(Total);
        var numbers = new Lcg(seed);
        var holders = new List<Holder>();
        for (int step = 0; step < 1000; step++)
        {
            int choice = numbers.Next(10);
            if (holders.Count == 0 || choice < 3)
            {
                holders.Add(new Holder(budget));
            }

            Holder one = holders[numbers.Next(holders.Count)];
            if (choice < 7 && !one.Waits)
            {
                one.Grow(1 + numbers.Next(40), step);
            }
            else
            {
                one.Dispose();
                holders.Remove(one);
            }

            // A wish that was granted by another's leaving ends on another thread.
            await Patience.UntilAsync(() => holders.Sum(holder => holder.Held) == budget.InUse);
            await Assert.That(budget.InUse).IsBetween(0, Total);
            if (holders.Where(holder => holder.Waits).MinBy(holder => holder.Since) is { } first)
            {
                await Assert.That(first.Wish!.Value.Amount).IsGreaterThan(Total - budget.InUse);
            }
        }

        holders.ForEach(holder => holder.Dispose());

        await Assert.That((budget.InUse, budget.IsShort)).IsEqualTo((0L, false));
        await Assert.That(budget.Open().GrowAsync(Total, CancellationToken.None).IsCompletedSuccessfully).IsTrue();
    }
}

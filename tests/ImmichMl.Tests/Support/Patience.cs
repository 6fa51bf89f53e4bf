namespace ImmichMl.Tests.Support;

/// <summary>A hanging test must end; how fast anything is stays unasserted.</summary>
static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task Within(this Task task) => task.WaitAsync(Limit);

    public static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <summary>For a state that nothing announces.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var enough = new CancellationTokenSource(Limit);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), enough.Token);
        }
    }
}

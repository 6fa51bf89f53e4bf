namespace ImmichMl.Tests.Service;

public sealed class CancellingTests
{
    [Test]
    public async Task A_callback_that_throws_keeps_no_other_from_being_called_and_is_told()
    {
        using var source = new CancellationTokenSource();
        var (called, told) = (0, new List<Exception>());
        source.Token.Register(() => called++);
        source.Token.Register(() => throw new NotSupportedException("unheard of"));
        source.Token.Register(() => called++);
        source.CancelSafely(told.Add);
        await Assert.That((called, ((AggregateException)told.Single()).InnerExceptions.Single().Message)).IsEqualTo((2, "unheard of"));
    }

    [Test]
    public async Task What_has_ended_meanwhile_is_not_cancelled_and_nothing_is_told()
    {
        var source = new CancellationTokenSource();
        source.Dispose();
        var told = new List<Exception>();
        await Assert.That(() => source.CancelSafely(told.Add)).ThrowsNothing();
        await Assert.That(told).IsEmpty();
    }
}

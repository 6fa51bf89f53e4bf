namespace ImmichMl.Tests.Serving;

public sealed class ErrorMapTests
{
    [Test]
    public async Task A_thread_that_cannot_start_is_a_shortage_and_the_request_may_come_again()
    {
        ErrorDetail told = ErrorMap.ToDetail(new TaskSchedulerException("No thread."));
        await Assert.That((told.Code.Name, told.Retryable)).IsEqualTo(("out_of_memory", true));
    }
}

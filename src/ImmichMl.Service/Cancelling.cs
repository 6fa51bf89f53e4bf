namespace ImmichMl.Service;

/// <summary>Callbacks of a cancellation run inside of the call, or on the timer's thread, where what they throw ends the process.</summary>
public static class Cancelling
{
    /// <summary>Cancels without becoming part of what goes wrong in those who are told.</summary>
    /// <param name="source">May be disposed: what it was for has ended then.</param>
    /// <param name="failed">Gets what callbacks threw; the others have been called.</param>
    public static void CancelSafely(this CancellationTokenSource source, Action<Exception> failed)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // In this very moment.
        }
        catch (AggregateException e)
        {
            failed(e);
        }
    }
}

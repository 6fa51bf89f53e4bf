using Microsoft.Extensions.Hosting;

namespace ImmichMl.Gateway;

/// <summary>
/// The end, for a balancer's sake: from the moment we are told to stop <c>/ready</c> says no, and requests are still taken for a while, so
/// that none is sent to a port that is closed already. Open ones are then finished by Kestrel.
/// </summary>
sealed class Drain(GatewayOptions options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Drain> log)
    : IHostedLifecycleService, IDisposable
{
    readonly CancellationTokenSource _cut = new();
    int _waited;

    public bool IsDraining => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Who sits at the terminal waits for nobody.</summary>
    public void Cut() => _cut.Cancel();

    /// <summary>Called before anything is stopped. A host that is disposed of, without having been told to stop, has no delay.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var delay = TimeSpan.FromSeconds(options.DrainDelaySeconds);
        if (!IsDraining || delay == TimeSpan.Zero || Interlocked.Exchange(ref _waited, 1) == 1)
        {
            return;
        }

        log.Draining(options.DrainDelaySeconds);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _cut.Token);
        await Task.Delay(delay, time, enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _cut.Dispose();
}

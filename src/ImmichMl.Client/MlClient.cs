namespace ImmichMl.Client;

/// <summary>
/// Talks to the ImmichMl daemon. Any number of calls may run at the same time over its one connection, which is made at the first
/// call and made again after it broke. Every call may throw <see cref="MlErrorException"/> (the daemon answered with an error),
/// <see cref="MlConnectionException"/> (it is not to be reached), <see cref="TimeoutException"/> (past
/// <see cref="MlClientOptions.RequestTimeout"/>) and <see cref="OperationCanceledException"/>.
/// </summary>
/// <param name="options">How to reach the daemon; null for the defaults.</param>
public sealed class MlClient(MlClientOptions? options = null) : IAsyncDisposable
{
    readonly MlClientOptions _options = options ?? new MlClientOptions();
    readonly SemaphoreSlim _connecting = new(1);
    MlConnection? _connection;
    volatile bool _disposed;

    /// <summary>Answers at once, whatever the daemon's load.</summary>
    public async Task PingAsync(CancellationToken cancellation = default) =>
        await AskAsync(new PingRequest { Id = 0 }, EmptyResult.Read, cancellation).ConfigureAwait(false);

    /// <summary>Who answers, and within which limits.</summary>
    public async Task<InfoResult> GetInfoAsync(CancellationToken cancellation = default) =>
        (InfoResult)await AskAsync(new InfoRequest { Id = 0 }, InfoResult.Read, cancellation).ConfigureAwait(false);

    /// <summary>Every known model and how it stands.</summary>
    public async Task<ModelsResult> GetModelsAsync(CancellationToken cancellation = default) =>
        (ModelsResult)await AskAsync(new ModelsRequest { Id = 0 }, ModelsResult.Read, cancellation).ConfigureAwait(false);

    /// <summary>Counters and histograms since the daemon's start.</summary>
    public async Task<StatsResult> GetStatsAsync(CancellationToken cancellation = default) =>
        (StatsResult)await AskAsync(new StatsRequest { Id = 0 }, StatsResult.Read, cancellation).ConfigureAwait(false);

    /// <summary>Returns once the model is loaded.</summary>
    public async Task LoadAsync(ModelAddress model, CancellationToken cancellation = default) =>
        await AskAsync(new LoadRequest { Id = 0, Model = model }, EmptyResult.Read, cancellation).ConfigureAwait(false);

    /// <summary>Returns once the model is unloaded; requests that use it are finished first.</summary>
    public async Task UnloadAsync(ModelAddress model, CancellationToken cancellation = default) =>
        await AskAsync(new UnloadRequest { Id = 0, Model = model }, EmptyResult.Read, cancellation).ConfigureAwait(false);

    /// <summary>Asks models about one image or text; <see cref="ErrorCode"/> says which errors there are.</summary>
    /// <param name="request">Its id is chosen here. Its image is not copied and must stay as it is until the call returns.</param>
    /// <param name="cancellation">Cancels the request in the daemon too.</param>
    public async Task<PredictResult> PredictAsync(PredictRequest request, CancellationToken cancellation = default) =>
        (PredictResult)await AskAsync(request, PredictResult.Read, cancellation).ConfigureAwait(false);

    async Task<Result> AskAsync(Request request, ResultReader read, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        var attempts = new Attempts(_options);
        try
        {
            while (true)
            {
                bool used = false;
                try
                {
                    (MlConnection connection, used) = await ConnectAsync(either.Token).ConfigureAwait(false);
                    attempts.Connected();
                    return await connection.SendAsync(request, read, either.Token).ConfigureAwait(false);
                }
                catch (Exception fault) when (!_disposed && attempts.TriesAgain(fault, used))
                {
                    // The daemon was restarted since the last call, or is being so. No operation does harm when it is asked for twice.
                    await attempts.WaitAsync(either.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{request.Operation} was not answered within {_options.RequestTimeout.TotalSeconds:0.###} s.");
        }
    }

    /// <summary>The connection, and whether it had been there before this call.</summary>
    async ValueTask<(MlConnection Connection, bool Used)> ConnectAsync(CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_connection is { State: ConnectionState.Open } open)
        {
            return (open, true);
        }

        await _connecting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_connection is { State: ConnectionState.Open } meanwhile)
            {
                return (meanwhile, true);
            }

            if (_connection is not null)
            {
                await _connection.DisposeAsync().ConfigureAwait(false);
            }

            _connection = await MlConnection.OpenAsync(_options, cancellation).ConfigureAwait(false);
            return (_connection, false);
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <summary>Closes the connection; open calls fail with <see cref="MlConnectionException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await _connecting.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_connection is not null)
            {
                await _connection.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _connecting.Release();
        }
    }
}

namespace ImmichMl.Tests.Support;

/// <summary>A running daemon that works on one request at a time, with a slow model that is loaded already.</summary>
sealed class SlowDaemon : IAsyncDisposable
{
    /// <summary>A run of a minute and more: for requests that are not meant to end by themselves.</summary>
    public const int Endless = 3000;

    /// <summary>A run of about a second.</summary>
    public const int Short = 30;

    readonly SlowModel _model;

    SlowDaemon(SlowModel model, RunningDaemon daemon)
    {
        _model = model;
        Daemon = daemon;
    }

    public RunningDaemon Daemon { get; }

    public static ModelAddress Model => new("clip", "visual", SlowModel.Name);

    public static async Task<SlowDaemon> StartAsync(int steps, params (string Name, string Value)[] settings)
    {
        var model = new SlowModel(steps);
        RunningDaemon daemon = await RunningDaemon.StartAsync(
            model.Folder,
            [
                ("MACHINE_LEARNING_REQUEST_THREADS", "1"), ("MACHINE_LEARNING_MODEL_INTRA_OP_THREADS", "1"),
                ("MACHINE_LEARNING_DRAIN_TIMEOUT", "0"), .. settings,
            ]);
        await daemon.Client.LoadAsync(Model);
        return new SlowDaemon(model, daemon);
    }

    public Task<RawPeer> ConnectAsync() => RawPeer.ConnectAsync(Daemon.SocketPath);

    /// <summary>Sends predict requests and comes back once the daemon has them all: the first in work, the others behind it.</summary>
    public static async Task OccupyAsync(RawPeer peer, params ulong[] ids)
    {
        foreach (ulong id in ids)
        {
            await peer.SendAsync(Ask.Predict(id, SlowModel.Name));
        }

        await peer.SendAsync(Ask.Ping(ulong.MaxValue));
        Response? answer = await peer.ReceiveAsync();
        if (answer?.Id != ulong.MaxValue)
        {
            throw new InvalidOperationException($"The first answer was {Outcome.Of(answer)}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Daemon.DisposeAsync();
        _model.Dispose();
    }
}

using System.Diagnostics;

namespace ImmichMl.Cli.Precisions;

/// <summary>A daemon in a process of its own that runs models in one precision, so that its memory is nobody else's.</summary>
sealed class PrecisionSide : IAsyncDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    readonly Process _process;

    PrecisionSide(Process process, string socket)
    {
        _process = process;
        Client = new MlClient(new MlClientOptions { SocketPath = socket });
    }

    public MlClient Client { get; }

    /// <exception cref="OperatorException">It does not come up; the message is its own.</exception>
    public static async Task<PrecisionSide> StartAsync(OwnProgram program, DaemonOptions options, CancellationToken cancellation)
    {
        Process process = program.Start(options, PrecisionSideCommand.Verb);
        var side = new PrecisionSide(process, options.Serve.SocketPath);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            return await process.StandardOutput.ReadLineAsync(cancellation) == PrecisionSideCommand.Ready ? side
                : throw new OperatorException($"One side of the comparison did not start: {(await errors).Trim()}");
        }
        catch
        {
            await side.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}

using ImmichMl.Protocol;

namespace ImmichMl.Gateway;

/// <summary>What the daemon said of itself; nulls where it did not.</summary>
sealed record DaemonReport(InfoResult? Info, StatsResult? Stats, IReadOnlyList<ModelStatus> Models, string? Reason);

/// <summary>
/// Asks the daemon how it is, for the page and the metrics. A daemon that is away, or too old for stats, is an answer too.
/// </summary>
sealed class DaemonState(DaemonLink daemon)
{
    public async Task<DaemonReport> AskAsync(CancellationToken cancellation)
    {
        InfoResult? info = null;
        try
        {
            info = await daemon.Questions.GetInfoAsync(cancellation);
            StatsResult stats = await daemon.Questions.GetStatsAsync(cancellation);
            return new DaemonReport(info, stats, stats.Models, null);
        }
        catch (MlErrorException e) when (info is not null && e.Code == ErrorCode.UnknownOperation)
        {
            return new DaemonReport(info, null, await ModelsAsync(cancellation), null);
        }
        catch (Exception e) when (IsSilence(e))
        {
            return new DaemonReport(info, null, [], e.Message);
        }
    }

    async Task<IReadOnlyList<ModelStatus>> ModelsAsync(CancellationToken cancellation)
    {
        try
        {
            return (await daemon.Questions.GetModelsAsync(cancellation)).Models;
        }
        catch (Exception e) when (IsSilence(e))
        {
            return [];
        }
    }

    /// <summary>The daemon is away, too slow, or refuses.</summary>
    public static bool IsSilence(Exception fault) => fault is MlConnectionException or TimeoutException or MlErrorException;
}

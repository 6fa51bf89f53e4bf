namespace ImmichMl.Daemon;

/// <summary>Reads the settings again and takes over those that may change while requests are open; the rest is named in the log.</summary>
sealed class Reload(DaemonOptions options, Func<DaemonOptions> again, LogThreshold threshold, ILogger<Reload> log)
{
    public void Run()
    {
        DaemonOptions fresh;
        try
        {
            fresh = again();
        }
        catch (OperatorException e)
        {
            log.ReloadFailed(e.Message);
            return;
        }

        SettingChange[] changes = [.. options.TakeOver(fresh)];
        threshold.Level = LogThreshold.LevelOf(options.Serve.LogLevel);
        string taken = string.Join(' ', changes.Where(change => change.Taken).Select(change => change.Name));
        log.Reloaded(taken.Length > 0 ? taken : "nothing has changed that can change now");
        foreach ((string name, _) in changes.Where(change => !change.Taken))
        {
            log.NeedsRestart(name);
        }
    }
}

using System.Text;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Service;

/// <summary>
/// One line an event on stderr: with journald's level prefix where journald reads it (it has the time itself), else with time and level.
/// Own code because the console logger costs its options machinery and 150 kB for the same line, and waits for a reader who stands still.
/// </summary>
public sealed class StderrLoggerProvider(TimeProvider time, LogThreshold? threshold = null) : ILoggerProvider
{
    readonly bool _isJournal = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("JOURNAL_STREAM"));

    public ILogger CreateLogger(string categoryName) =>
        new StderrLogger(categoryName[(categoryName.LastIndexOf('.') + 1)..], _isJournal, time, threshold);

    public void Dispose()
    {
    }

    sealed class StderrLogger(string category, bool isJournal, TimeProvider time, LogThreshold? threshold) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= (threshold?.Level ?? LogLevel.Trace);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = new StringBuilder();
            if (isJournal)
            {
                line.Append(CultureInfo.InvariantCulture, $"<{Priority(logLevel)}>");
            }
            else
            {
                line.Append(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {Word(logLevel)} ");
            }

            line.Append(category).Append(": ").Append(formatter(state, exception));
            if (exception is not null)
            {
                line.Append(": ").Append(exception);
            }

            // A peer's words may stand in a message: with no control characters nobody can forge a line, or paint the terminal.
            for (int i = 0; i < line.Length; i++)
            {
                line[i] = char.IsControl(line[i]) ? ' ' : line[i];
            }

            StandardStreams.Error.Write(line.Append('\n').ToString());
        }

        /// <summary>syslog(3)'s priorities.</summary>
        static int Priority(LogLevel level) => level switch
        {
            LogLevel.Critical => 2,
            LogLevel.Error => 3,
            LogLevel.Warning => 4,
            LogLevel.Information => 6,
            _ => 7,
        };

        static string Word(LogLevel level) => level switch
        {
            LogLevel.Critical => "CRIT ",
            LogLevel.Error => "ERROR",
            LogLevel.Warning => "WARN ",
            LogLevel.Information => "INFO ",
            _ => "DEBUG",
        };
    }
}

namespace ImmichMl.Models.Copies;

/// <summary>
/// What is remembered, beside where a copy belongs, of tries to make it. It is written before a try begins, so that one which takes its
/// process along, or the machine, is known afterwards.
/// </summary>
public sealed class FailedTries(string target, TimeProvider time)
{
    const string Begun = "begun";

    /// <summary>Of a try that was told to have failed.</summary>
    static readonly TimeSpan s_after = TimeSpan.FromDays(7);

    /// <summary>Of one that nobody saw the end of: its process was killed, or the machine was switched off.</summary>
    static readonly TimeSpan s_afterBegun = TimeSpan.FromHours(1);

    readonly string _path = target + ".failed";

    /// <summary>Why no try is to be made now; null where one may be.</summary>
    public string? Reason
    {
        get
        {
            try
            {
                string text = File.Exists(_path) ? File.ReadAllText(_path).Trim() : "";
                TimeSpan age = time.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(_path), TimeSpan.Zero);
                return text.Length == 0 || age.Duration() > (text == Begun ? s_afterBegun : s_after) ? null
                    : text == Begun ? "a try that was begun less than an hour ago has not come to its end"
                    : $"an earlier try failed: {text}";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <exception cref="IOException">The cache cannot be written.</exception>
    public void Begin() => Write(Begun);

    /// <summary>From now on, and for a week.</summary>
    public void Remember(string why)
    {
        try
        {
            Write(why.ReplaceLineEndings(" "));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is tried again.
        }
    }

    public void Forget()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is not tried for a while.
        }
    }

    void Write(string text)
    {
        File.WriteAllText(_path, text);
        DurableFiles.Flush(_path);
    }
}

namespace ImmichMl.Inference;

/// <summary>The stages of a request, in order.</summary>
public enum Stage
{
    Queue,
    Decode,
    Preprocess,
    Inference,
    Postprocess,
}

/// <summary>Adds up where one request's time goes. One stage runs at a time; a stage may run again.</summary>
public sealed class StageClock(TimeProvider time)
{
    readonly TimeSpan[] _spent = new TimeSpan[Enum.GetValues<Stage>().Length];
    long _since = time.GetTimestamp();
    Stage _stage = Stage.Queue;

    /// <summary>How often a model was run.</summary>
    public int Runs { get; private set; }

    public TimeSpan this[Stage stage] => _spent[(int)stage];

    /// <summary>Ends the stage that runs and begins another.</summary>
    public void Start(Stage stage)
    {
        Stop();
        _stage = stage;
        if (stage == Stage.Inference)
        {
            Runs++;
        }
    }

    /// <summary>Counts the stage that runs up to now.</summary>
    public void Stop()
    {
        long now = time.GetTimestamp();
        _spent[(int)_stage] += time.GetElapsedTime(_since, now);
        _since = now;
    }
}

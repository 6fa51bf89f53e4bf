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
    static readonly int s_stages = Enum.GetValues<Stage>().Length;

    readonly TimeSpan[] _spent = new TimeSpan[s_stages];
    Dictionary<ModelKind, TimeSpan[]>? _ofTasks;
    TimeSpan[]? _task;
    long _since = time.GetTimestamp();
    Stage _stage = Stage.Queue;

    /// <summary>How often a model was run.</summary>
    public int Runs { get; set; }

    /// <summary>Faces, boxes and lines that did not come into the answer because a number of theirs was not finite.</summary>
    public int LeftOut { get; set; }

    public TimeSpan this[Stage stage] => _spent[(int)stage];

    /// <summary>What a stage took of one task; of the whole request where its tasks were not told apart.</summary>
    public TimeSpan Of(ModelKind task, Stage stage) =>
        _ofTasks?.GetValueOrDefault(task) is { } spent ? spent[(int)stage] : this[stage];

    /// <summary>From here on the time is one task's, and the request's as ever.</summary>
    public void Begin(ModelKind task)
    {
        Stop();
        _task = (_ofTasks ??= [])[task] = new TimeSpan[s_stages];
    }

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
        TimeSpan spent = time.GetElapsedTime(_since, now);
        _spent[(int)_stage] += spent;
        if (_task is not null)
        {
            _task[(int)_stage] += spent;
        }

        _since = now;
    }
}

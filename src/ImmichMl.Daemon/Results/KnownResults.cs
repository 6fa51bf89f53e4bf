using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Daemon.Results;

/// <summary>
/// Answers to requests that came before, with the same bytes, tasks and options, from the same model files in the same precision: jobs
/// that are tried again cost a hash. Only whole answers are kept, and under what answered, not under what was to answer.
/// </summary>
sealed class KnownResults(
    ResultCache cache, RuntimeOptions runtime, FaceOptions faces, PrecisionOptions precisions, SessionCache models, ModelLoader loader,
    ModelStore store, PreparedModels prepared)
{
    /// <summary>A larger picture is not looked for: hashing it takes 10 ms and more, and it may stand in the way of small ones.</summary>
    const int MostPictureBytes = 16 << 20;

    readonly string _settings = $"{runtime.Rules} {faces.Retry}";

    public ResultCache Cache => cache;

    /// <summary>A request whose answer may be known, or may become so.</summary>
    /// <param name="Content">Of its picture or text.</param>
    /// <param name="IsPicture">Which of the two.</param>
    /// <param name="Tasks">In the order in which they are done.</param>
    /// <param name="Key">Of its answer, as things stood when it came.</param>
    public sealed record Asked(ResultKey Content, bool IsPicture, IReadOnlyList<PlannedTask> Tasks, ResultKey Key);

    /// <returns>Null where nothing is kept of it.</returns>
    public Asked? Look(PredictionRequest request, IReadOnlyList<PlannedTask> tasks)
    {
        if (!cache.KeepsAny || tasks.Count == 0 || request.Image?.Bytes.Length > MostPictureBytes)
        {
            return null;
        }

        string?[] answering = [.. tasks.Select(task => Answering(task.Key))];
        if (answering.Contains(null))
        {
            return null;
        }

        bool isPicture = request.Image is not null;
        ResultKey content = isPicture ? ResultKey.OfPicture(request.Image!.Bytes.Span) : ResultKey.OfText(request.Text!);
        return new Asked(content, isPicture, tasks, ResultKey.Of(content, isPicture, _settings, tasks, answering!));
    }

    /// <summary>Keeps the answer, if what answered is what was to answer when the request came.</summary>
    /// <param name="asked">The request.</param>
    /// <param name="answered">The models that answered, one for each task.</param>
    /// <param name="answer">Whole: nothing was left out of it.</param>
    public void Keep(Asked asked, IReadOnlyList<IDisposable> answered, PredictResult answer)
    {
        string?[] answering = [.. answered.Select(Answering)];
        if (!answering.Contains(null) && answering.Length == asked.Tasks.Count
            && ResultKey.Of(asked.Content, asked.IsPicture, _settings, asked.Tasks, answering!) == asked.Key)
        {
            cache.Put(asked.Key, answer);
        }
    }

    /// <summary>What a loaded model answers from: the files that it was loaded from, and the precision in which it runs now.</summary>
    string? Answering(IDisposable loaded) => loader.FilesOf(loaded) is { } files ? $"{PrecisionOf(loaded)} {files}" : null;

    /// <summary>
    /// What would answer for a model. A loaded one is what it was loaded from, whatever lies there now; one that is being loaded is not
    /// asked for, because its disk may hang.
    /// </summary>
    string? Answering(ModelKey key)
    {
        if (models.Holds(key))
        {
            return models.Snapshot().FirstOrDefault(model => model.Key == key).Model is { } loaded ? Answering(loaded) : null;
        }

        if (ModelIdentity.Of(store.FolderOf(key)) is not { } files)
        {
            return null;
        }

        string precision = precisions.For(key.Kind) == Precision.Plain ? Precision.PlainName
            : prepared.StatusOf(key, Path.Combine(store.FolderOf(key), ModelStore.ModelFileName)).Precision;
        return $"{precision} {files}";
    }

    static string PrecisionOf(IDisposable loaded) => loaded switch
    {
        ClipVisualEncoder encoder => encoder.Precision,
        ClipTextualEncoder encoder => encoder.Precision,
        _ => Precision.PlainName,
    };
}

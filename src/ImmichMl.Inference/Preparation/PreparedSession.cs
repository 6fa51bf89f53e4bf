using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// A model that runs from its prepared copy for as long as that can be trusted. Where the copy was written to since it was found right,
/// fails, or gives a number that is not finite, it is tried again; one that fails is thrown away and the model itself answers, the same
/// request already.
/// </summary>
/// <param name="key">The model.</param>
/// <param name="copy">Its copy, found right.</param>
/// <param name="session">The session over it.</param>
/// <param name="prepared">Knows whether the copy is still what it was.</param>
/// <param name="openSource">Loads the model itself.</param>
sealed class PreparedSession(ModelKey key, PreparedCopy copy, OnnxSession session, PreparedModels prepared, Func<OnnxSession> openSource)
    : ModelSession
{
    /// <summary>Between two times that all files of a copy are read because of an answer.</summary>
    static readonly TimeSpan s_betweenChecks = TimeSpan.FromMinutes(1);

    readonly OnnxSession _strict = session.Strict();
    readonly Lock _lock = new();
    OnnxSession? _source;
    long _checkedAt;
    bool _isExonerated;
    bool _disposed;

    public override IReadOnlyList<TensorInfo> Inputs => session.Inputs;

    public override IReadOnlyList<TensorInfo> Outputs => session.Outputs;

    public override IReadOnlyDictionary<string, string> Metadata => session.Metadata;

    public override bool RunsSideBySide => true;

    public override string Precision => _source is null && copy.Gate is { } gate ? gate.Precision : base.Precision;

    internal override T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation) =>
        OnCopy(model => model.Run(model.Metadata == Metadata ? feed : AsSourceTakes(model, feed), all, read, cancellation), cancellation);

    /// <summary>The copy may take shorter texts than the model; what stands behind their end does not count there.</summary>
    static ModelFeed AsSourceTakes(OnnxSession source, ModelFeed feed) => feed.Rows is not { } rows ? feed : feed with
    {
        Rows = [.. rows.Select((values, index) => source.Inputs[index].Dimensions[^1] is var width && width <= values.Length / feed.RowCount
            ? values
            : [.. values.Chunk(values.Length / feed.RowCount)
                .SelectMany(row => row.Concat(Enumerable.Repeat(row[^1], width - row.Length)))])],
    };

    T OnCopy<T>(Func<OnnxSession, T> run, CancellationToken cancellation)
    {
        if (_source is { } source)
        {
            return run(source);
        }

        string? failure = null;
        try
        {
            T answer = run(_strict);
            if (prepared.Verified.IsUntouched(copy))
            {
                return answer;
            }
        }
        catch (InferenceException e) when (e.Fault == InferenceFault.NotFinite)
        {
            failure = "it gives numbers that are not finite";
        }
        catch (ModelException e) when (!cancellation.IsCancellationRequested)
        {
            failure = e.Message;
        }

        return run(Decide(failure, run));
    }

    /// <summary>Which session is to answer once the copy was in doubt. One at a time: whoever comes meanwhile finds it decided.</summary>
    /// <param name="failure">Of a run; null where the copy was written to.</param>
    /// <param name="run">The request.</param>
    OnnxSession Decide<T>(string? failure, Func<OnnxSession, T> run)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_source is not null)
            {
                return _source;
            }

            if ((Recheck() ?? (prepared.Verified.IsUntouched(copy) ? null : "it is being written to")) is { } fault)
            {
                prepared.Discard(key, copy, failure is null ? fault : $"{failure}: {fault}");
                return _source = openSource();
            }

            // Its files are right. Where the model itself does better, the way it was prepared is at fault; asked once, for it costs a
            // load.
            if (failure is not null && !_isExonerated && OpenBetterSource(run) is { } better)
            {
                prepared.Ban(key, copy, $"{failure}, and the model itself does not");
                return _source = better;
            }

            return session;
        }
    }

    /// <summary>What is wrong with the copy. All of it is read where it was not read lately.</summary>
    string? Recheck()
    {
        if (_checkedAt == 0 || TimeProvider.System.GetElapsedTime(_checkedAt) > s_betweenChecks)
        {
            prepared.Verified.Doubt(copy);
            _checkedAt = TimeProvider.System.GetTimestamp();
        }

        return prepared.Verified.IsUntouched(copy) ? null : prepared.Verified.WholeFault(copy) ?? session.Try(copy.Fault);
    }

    /// <returns>Null where the model itself does no better.</returns>
    OnnxSession? OpenBetterSource<T>(Func<OnnxSession, T> run)
    {
        OnnxSession source = openSource();
        try
        {
            run(source.Strict());
            return source;
        }
        catch (Exception e)
        {
            source.Dispose();
            _isExonerated = e is ModelException or InferenceException { Fault: InferenceFault.NotFinite };
            if (!_isExonerated)
            {
                throw;
            }

            return null;
        }
    }

    /// <summary>The copy's session stays to the end: runs may still be on it.</summary>
    public override void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            session.Dispose();
            _source?.Dispose();
        }
    }
}

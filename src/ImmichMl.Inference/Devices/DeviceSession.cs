using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Devices;

/// <summary>A model that ONNX Runtime runs on an accelerator.</summary>
sealed class DeviceSession : ModelSession
{
    /// <summary>Shapes whose buffers stay between runs; ArcFace has five, OCR's follow the picture.</summary>
    const int MostBuffers = 8;

    readonly ModelKey _key;
    readonly ExecutionDevice _device;
    readonly InferenceSession _session;
    readonly bool _records;
    readonly Lock _lock = new();

    // The buffers that nobody uses now, the one used last at the end.
    readonly List<(string Shape, BoundRun Run)> _idle = [];
    int _recordings;
    volatile bool _hasArena = true;
    bool _disposed;

    public DeviceSession(ModelKey key, ExecutionDevice device, string path, SessionOptions options, bool records)
    {
        _key = key;
        _device = device;
        _records = records;
        _session = new InferenceSession(path, options);
        try
        {
            Inputs = OnnxSession.Describe(_session.InputNames, _session.InputMetadata);
            Outputs = OnnxSession.Describe(_session.OutputNames, _session.OutputMetadata);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    public override IReadOnlyList<TensorInfo> Inputs { get; }

    public override IReadOnlyList<TensorInfo> Outputs { get; }

    public override IReadOnlyDictionary<string, string> Metadata => _session.ModelMetadata.CustomMetadataMap;

    public override bool WantsSingles => KnownProviders.WantsSingles(_device.Provider);

    internal override T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation)
    {
        string[] names = [.. Outputs.Take(all ? Outputs.Count : 1).Select(output => output.Name)];
        return Retry(run => feed.Rows is null ? RunBound(run, feed, names, read) : RunPlain(run, feed, names, read), cancellation);
    }

    T RunPlain<T>(RunOptions run, ModelFeed feed, string[] names, Func<IReadOnlyList<OutputView>, T> read)
    {
        OrtValue[] values = OnnxSession.ToValues(feed, Inputs);
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(
                run, [.. Inputs.Select(input => input.Name)], values, names);
            return read(OrtOutput.Of(_key, outputs));
        }
        finally
        {
            Array.ForEach(values, value => value.Dispose());
        }
    }

    T RunBound<T>(RunOptions run, ModelFeed feed, string[] names, Func<IReadOnlyList<OutputView>, T> read)
    {
        string shape = string.Join('x', feed.Dimensions);
        BoundRun bound = Take(shape) ?? new BoundRun(_session, _device, Inputs[0], feed.Dimensions, names, NextRecording());
        bool isSound = false;
        try
        {
            T result = bound.Run(run, feed, outputs => read(OrtOutput.Of(_key, outputs)));
            isSound = true;
            return result;
        }
        finally
        {
            Return(shape, bound, isSound);
        }
    }

    /// <summary>Once more, with the arena shrunk, where the device's memory did not suffice.</summary>
    T Retry<T>(Func<RunOptions, T> work, CancellationToken cancellation)
    {
        try
        {
            return Once(work, shrinks: false, cancellation);
        }
        catch (InferenceException e) when (e.Fault == InferenceFault.OutOfMemory)
        {
            Trim();
            return Once(work, shrinks: _hasArena, cancellation);
        }
    }

    T Once<T>(Func<RunOptions, T> work, bool shrinks, CancellationToken cancellation)
    {
        using var run = new RunOptions();
        if (shrinks)
        {
            run.AddRunConfigEntry("memory.enable_memory_arena_shrinkage", $"gpu:{_device.Id}");
        }

        using CancellationTokenRegistration stop = cancellation.Register(() => run.Terminate = true);
        try
        {
            return work(run);
        }
        catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (OnnxRuntimeException e) when (shrinks && e.Message.Contains("memory arena shrink list", StringComparison.Ordinal))
        {
            // Its provider keeps no arena that ONNX Runtime could shrink.
            _hasArena = false;
            return Once(work, shrinks: false, cancellation);
        }
        catch (OnnxRuntimeException e) when (OnnxSession.IsOutOfMemory(e))
        {
            throw new InferenceException(InferenceFault.OutOfMemory, $"Memory of {_device} does not suffice to run model {_key}.", e);
        }
        catch (OnnxRuntimeException e) when (KnownProviders.TellsOfLoss(e.Message))
        {
            throw new DeviceLostException(_device, e);
        }
        catch (OnnxRuntimeException e)
        {
            throw _key.Unusable($"fails on {_device}: {e.Message}", e);
        }
    }

    BoundRun? Take(string shape)
    {
        lock (_lock)
        {
            int at = _idle.FindLastIndex(one => one.Shape == shape);
            if (at < 0)
            {
                return null;
            }

            BoundRun run = _idle[at].Run;
            _idle.RemoveAt(at);
            return run;
        }
    }

    void Return(string shape, BoundRun run, bool isSound)
    {
        BoundRun? gone = run;
        lock (_lock)
        {
            if (isSound && !_disposed)
            {
                _idle.Add((shape, run));
                gone = _idle.Count > MostBuffers ? _idle[0].Run : null;
                if (gone is not null)
                {
                    _idle.RemoveAt(0);
                }
            }
        }

        gone?.Dispose();
    }

    /// <summary>Every set of buffers is recorded by itself: two threads with one shape have two.</summary>
    int NextRecording() => _records ? Interlocked.Increment(ref _recordings) : -1;

    /// <summary>
    /// An arena shrinks at the end of a run and in no other way: the shape that came last runs once more, for nothing else.
    /// </summary>
    internal override void ReturnMemory()
    {
        (string Shape, BoundRun Run) last;
        lock (_lock)
        {
            last = _idle.LastOrDefault();
            if (last.Run is not null)
            {
                _idle.RemoveAt(_idle.Count - 1);
            }
        }

        Trim();
        if (last.Run is null)
        {
            return;
        }

        bool isSound = false;
        try
        {
            if (_hasArena && !_records)
            {
                Once(run => last.Run.Repeat(run), shrinks: true, CancellationToken.None);
            }

            isSound = true;
        }
        catch (Exception e) when (e is InferenceException or ModelException or DeviceLostException)
        {
            // The next request meets the same and is told.
        }
        finally
        {
            Return(last.Shape, last.Run, isSound);
        }
    }

    /// <summary>Lets buffers go that no run uses now.</summary>
    void Trim()
    {
        List<(string, BoundRun Run)> all;
        lock (_lock)
        {
            all = [.. _idle];
            _idle.Clear();
        }

        all.ForEach(one => one.Run.Dispose());
    }

    public override void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        Trim();
        _session.Dispose();
    }
}

using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Devices;

/// <summary>
/// A run of one shape with buffers that stay: input and outputs in pinned memory, which the device copies from and to by itself. Where
/// runs are recorded (CUDA graphs) the device's own buffers stay as well, since a recording knows addresses and not names. Not for two
/// threads at once.
/// </summary>
sealed class BoundRun : IDisposable
{
    readonly InferenceSession _session;
    readonly OrtIoBinding _binding;
    readonly OrtAllocator? _hostMemory;
    readonly OrtAllocator? _deviceMemory;
    readonly OrtValue _input;
    readonly OrtValue? _deviceInput;
    readonly List<OrtValue> _deviceOutputs = [];
    readonly List<OrtValue> _outputs = [];

    // Which recording a run of this shape belongs to; -1 where nothing is recorded.
    readonly int _recording;

    /// <param name="session">The model; it is not disposed here.</param>
    /// <param name="device">What it is loaded on.</param>
    /// <param name="input">The only input.</param>
    /// <param name="dimensions">Its shape, in full.</param>
    /// <param name="outputs">Names of the wanted outputs.</param>
    /// <param name="recording">A number of its own for each shape, -1 for no recording.</param>
    public BoundRun(
        InferenceSession session, ExecutionDevice device, TensorInfo input, long[] dimensions, IReadOnlyList<string> outputs, int recording)
    {
        _session = session;
        _recording = recording;
        _binding = session.CreateIoBinding();
        try
        {
            OrtMemoryInfo host = device.PinnedMemory ?? OrtMemoryInfo.DefaultInstance;
            _hostMemory = device.PinnedMemory is null ? null : new OrtAllocator(session, host);
            _input = OrtValue.CreateAllocatedTensorValue(_hostMemory ?? OrtAllocator.DefaultInstance, input.ElementType, dimensions);
            if (recording < 0)
            {
                _binding.BindInput(input.Name, _input);
                foreach (string output in outputs)
                {
                    _binding.BindOutputToDevice(output, host);
                }

                return;
            }

            _deviceMemory = new OrtAllocator(
                session, device.OwnMemory ?? throw new NotSupportedException($"{device} has no memory of its own."));
            _deviceInput = OrtValue.CreateAllocatedTensorValue(_deviceMemory, input.ElementType, dimensions);
            _binding.BindInput(input.Name, _deviceInput);
            BindOutputs(outputs, device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A first run that is not recorded tells how large the outputs are.</summary>
    void BindOutputs(IReadOnlyList<string> outputs, ExecutionDevice device)
    {
        foreach (string output in outputs)
        {
            _binding.BindOutputToDevice(output, device.OwnMemory);
        }

        using var plain = new RunOptions();
        plain.AddRunConfigEntry("gpu_graph_id", "-1");
        _session.RunWithBinding(plain, _binding);
        using IDisposableReadOnlyCollection<OrtValue> first = _binding.GetOutputValues();
        _binding.ClearBoundOutputs();
        for (int i = 0; i < outputs.Count; i++)
        {
            OrtTensorTypeAndShapeInfo info = first[i].GetTensorTypeAndShape();
            _deviceOutputs.Add(OrtValue.CreateAllocatedTensorValue(_deviceMemory!, info.ElementDataType, info.Shape));
            _outputs.Add(
                OrtValue.CreateAllocatedTensorValue(_hostMemory ?? OrtAllocator.DefaultInstance, info.ElementDataType, info.Shape));
            _binding.BindOutput(outputs[i], _deviceOutputs[i]);
        }
    }

    /// <summary>The values lie where they are until <paramref name="read"/> returns.</summary>
    public T Run<T>(RunOptions run, ModelFeed feed, Func<IReadOnlyList<OrtValue>, T> read)
    {
        Fill(feed);
        if (_recording < 0)
        {
            _session.RunWithBinding(run, _binding);
            using IDisposableReadOnlyCollection<OrtValue> outputs = _binding.GetOutputValues();
            return read(outputs);
        }

        run.AddRunConfigEntry("gpu_graph_id", _recording.ToString(CultureInfo.InvariantCulture));
        RuntimeLibrary.Environment.CopyTensors([_input], [_deviceInput!], null);
        _session.RunWithBinding(run, _binding);
        RuntimeLibrary.Environment.CopyTensors(_deviceOutputs, _outputs, null);
        return read(_outputs);
    }

    void Fill(ModelFeed feed)
    {
        if (feed.Pixels is { } pixels)
        {
            pixels.Span.CopyTo(_input.GetTensorMutableDataAsSpan<byte>());
        }
        else if (_input.GetTensorTypeAndShape().ElementDataType == TensorElementType.Float16)
        {
            Span<Half> halves = MemoryMarshal.Cast<Float16, Half>(_input.GetTensorMutableDataAsSpan<Float16>());
            TensorPrimitives.ConvertToHalf(feed.Floats!.Value.Span, halves);
        }
        else
        {
            feed.Floats!.Value.Span.CopyTo(_input.GetTensorMutableDataAsSpan<float>());
        }
    }

    /// <summary>Runs with what lies in the buffers, and does not look at what comes out.</summary>
    public bool Repeat(RunOptions run)
    {
        _session.RunWithBinding(run, _binding);
        return true;
    }

    public void Dispose()
    {
        _binding.Dispose();
        _input?.Dispose();
        _deviceInput?.Dispose();
        _deviceOutputs.ForEach(value => value.Dispose());
        _outputs.ForEach(value => value.Dispose());
        _deviceMemory?.Dispose();
        _hostMemory?.Dispose();
    }
}

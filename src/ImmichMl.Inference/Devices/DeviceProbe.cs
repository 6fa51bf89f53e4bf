namespace ImmichMl.Inference.Devices;

/// <summary>A run of next to nothing on a device: what a driver only claims does not pass.</summary>
static class DeviceProbe
{
    /// <summary>ONNX, opset 13: y = Relu(x), four floats.</summary>
    static readonly byte[] s_model =
    [
        0x08, 0x08, 0x3a, 0x33, 0x0a, 0x0c, 0x0a, 0x01, 0x78, 0x12, 0x01, 0x79, 0x22, 0x04, 0x52, 0x65,
        0x6c, 0x75, 0x12, 0x01, 0x67, 0x5a, 0x0f, 0x0a, 0x01, 0x78, 0x12, 0x0a, 0x0a, 0x08, 0x08, 0x01,
        0x12, 0x04, 0x0a, 0x02, 0x08, 0x04, 0x62, 0x0f, 0x0a, 0x01, 0x79, 0x12, 0x0a, 0x0a, 0x08, 0x08,
        0x01, 0x12, 0x04, 0x0a, 0x02, 0x08, 0x04, 0x42, 0x02, 0x10, 0x0d,
    ];

    /// <exception cref="OnnxRuntimeException">It does not run.</exception>
    public static void Run(ExecutionDevice device)
    {
        using var settings = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        DeviceBinding.Append(settings, device, new Dictionary<string, string>(device.Options));
        using var session = new InferenceSession(s_model, settings);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory<float>([-1, 0, 1, 2], [4]);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, ["x"], [input], ["y"]);
        if (!outputs[0].GetTensorDataAsSpan<float>().SequenceEqual([0, 0, 1, 2]))
        {
            throw new DeviceLostException(device, new InvalidOperationException("it calculates wrongly"));
        }
    }
}

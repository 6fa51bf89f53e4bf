using BenchmarkDotNet.Attributes;
namespace ImmichMl.Benchmarks;

/// <summary>What the wire itself costs, without a socket.</summary>
[MemoryDiagnoser]
public class FramingBenchmarks
{
    readonly PredictRequest _request = new()
    {
        Id = 1,
        Tasks = [new TaskEntry { Task = "clip", Type = "visual", ModelName = "ViT-B-32__openai" }],
        Image = new ReadOnlySequence<byte>(new byte[1_000_000]),
    };

    readonly Response _response = new()
    {
        Id = 1,
        Result = new PredictResult { ImageWidth = 1440, ImageHeight = 1080, Clip = new float[512], Timings = new Timings() },
    };

    byte[] _received = [];

    [GlobalSetup]
    public void Setup()
    {
        using FrameWriter frame = FrameWriter.Encode(_request);
        _received = [.. frame.Head.Span, .. frame.Tail.ToArray()];
    }

    [Benchmark]
    public int EncodeRequest()
    {
        using FrameWriter frame = FrameWriter.Encode(_request);
        return frame.Head.Length;
    }

    [Benchmark]
    public Request ReadRequest()
    {
        var buffer = new ReadOnlySequence<byte>(_received);
        FrameReader.TryRead(ref buffer, FrameReader.DefaultMaxFrameBytes, out ReadOnlySequence<byte> payload);
        return Request.Read(payload);
    }

    [Benchmark]
    public int EncodeResponse()
    {
        using FrameWriter frame = FrameWriter.Encode(_response);
        return frame.Head.Length;
    }
}

using BenchmarkDotNet.Attributes;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Benchmarks;

/// <summary>CTC of one line as a recognizer gives it: PP-OCR's 6,625 classes, a letter at every third step.</summary>
[MemoryDiagnoser]
public class TextBenchmarks
{
    const int Classes = 6625;

    readonly CtcDecoder _decoder = new(
        [.. Enumerable.Range(0, Classes).Select(i => i.ToString(CultureInfo.InvariantCulture))], roundsScores: false);
    float[] _steps = [];

    /// <summary>Steps: a line of 320 pixels, and a long one.</summary>
    [Params(40, 200)]
    public int Steps { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _steps = new float[Steps * Classes];
        for (int i = 0; i < _steps.Length; i++)
        {
            _steps[i] = (i * 2654435761L >> 13 & 0xFFFF) / 65536f * 0.01f;
        }

        for (int step = 0; step < Steps; step++)
        {
            _steps[(step * Classes) + (step % 3 == 0 ? 1000 + step : 0)] = 0.93f;
        }
    }

    [Benchmark]
    public int GreedyCtc() => _decoder.Decode(_steps, Classes).Text.Length;
}

using BenchmarkDotNet.Attributes;
using ImmichMl.Inference.Faces;

namespace ImmichMl.Benchmarks;

/// <summary>Non-maximum suppression of what a detector gives: some candidates for each face, best first.</summary>
[MemoryDiagnoser]
public class FaceBenchmarks
{
    FaceCandidate[] _candidates = [];

    /// <summary>Faces in the picture; a group, and a picture at which everything looks like a face.</summary>
    [Params(1, 21, 1000)]
    public int Faces { get; set; }

    [GlobalSetup]
    public void Setup() => _candidates =
    [
        .. from shift in Enumerable.Range(0, 12)
           from face in Enumerable.Range(0, Faces)
           let left = (face % 40 * 36) + (shift * 0.4f)
           let top = (face / 40 * 36) + (shift * 0.3f)
           select new FaceCandidate(new FaceBox(left, top, left + 30, top + 34), 0.99f - (0.01f * shift), 0, 0),
    ];

    [Benchmark]
    public int NonMaximumSuppression() => Inference.Faces.NonMaximumSuppression.Apply(_candidates, 0.4f, Inference.BoxOverlap.Exact).Count;
}

using ImmichMl.Inference;

namespace ImmichMl.Cli.Precisions;

/// <summary>What one of a CLIP model's two answers in single precision and in another one: an embedding from each for each input.</summary>
/// <param name="key">The model.</param>
sealed class TowerAnswers(ModelKey key)
{
    readonly List<double> _milliseconds = [];

    public ModelKey Key => key;

    /// <summary>Paths of pictures, or texts.</summary>
    public List<string> Inputs { get; } = [];

    public List<float[]> Plain { get; } = [];

    public List<float[]> Rounded { get; } = [];

    /// <summary>Runs of both, one after the other.</summary>
    public int TimedPairs => _milliseconds.Count / 2;

    public void Add(string input, PredictResult plain, PredictResult rounded)
    {
        Inputs.Add(input);
        Plain.Add(plain.Clip!);
        Rounded.Add(rounded.Clip!);
        Time(plain, rounded);
    }

    public void Time(PredictResult plain, PredictResult rounded) =>
        _milliseconds.AddRange([plain.Timings.Inference, rounded.Timings.Inference]);

    /// <summary>Model time of the other precision beside fp32.</summary>
    public Comparison Times => Comparison.Of(Key.Kind.Type, "ms", _milliseconds);

    public EmbeddingParity Parity => field ??= EmbeddingParity.Of(Plain, Rounded);

    /// <summary>What of these finds what of the others.</summary>
    public SearchParity Among(TowerAnswers documents) => documents == this
        ? SearchParity.OfThemselves(Plain, Rounded)
        : SearchParity.Of(Plain, Rounded, documents.Plain, documents.Rounded);
}

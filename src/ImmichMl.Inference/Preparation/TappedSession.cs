using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>A session over a graph that hands out inner values behind its own outputs: shows them to somebody at every run.</summary>
/// <param name="key">The model.</param>
/// <param name="graph">The graph, with the values as its last outputs.</param>
/// <param name="taps">How many they are.</param>
/// <param name="show">Told the place of each and its values, while they lie there.</param>
sealed class TappedSession(ModelKey key, string graph, int taps, TappedSession.Show show) : ModelSession
{
    public delegate void Show(int tap, ReadOnlySpan<float> values);

    readonly OnnxSession _session = OnnxSession.Over(
        key, GraphRewriting.Open(graph, GraphOptimizationLevel.ORT_DISABLE_ALL), arenaKeep: long.MaxValue);

    public override IReadOnlyList<TensorInfo> Inputs => _session.Inputs;

    public override IReadOnlyList<TensorInfo> Outputs => [.. _session.Outputs.SkipLast(taps)];

    public override IReadOnlyDictionary<string, string> Metadata => _session.Metadata;

    internal override T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation) =>
        _session.Run(feed, all: true, outputs =>
        {
            for (int tap = 0; tap < taps; tap++)
            {
                OutputView output = outputs[outputs.Count - taps + tap];
                show(tap, output.Values);
            }

            return read([.. outputs.SkipLast(taps)]);
        }, cancellation);

    public override void Dispose() => _session.Dispose();
}

using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Ocr;

/// <summary>How a recognizer's graph ends, as the name of its first output says. Axes are lines, then steps.</summary>
sealed class CtcHead
{
    const string PickedName = "ctc_indices";
    const string ConfidenceName = "ctc_confidence";
    const string LogitsName = "ctc_logits";

    readonly ModelKey _key;
    readonly CtcDecoder _decoder;
    readonly string _name;
    readonly int _confidence;

    /// <exception cref="ModelException">Classes come without their confidence.</exception>
    public CtcHead(ModelKey key, ModelSession session, CtcDecoder decoder)
    {
        (_key, _decoder, _name) = (key, decoder, session.Outputs[0].Name);
        _confidence = session.Outputs.Select(output => output.Name).ToList().IndexOf(ConfidenceName);
        if (IsPicked && _confidence < 0)
        {
            throw key.Unusable($"is no text recognizer: {PickedName} without {ConfidenceName}.");
        }
    }

    /// <summary>The graph picks classes itself: whole numbers [lines, steps], and their confidence beside them.</summary>
    bool IsPicked => _name == PickedName;

    /// <summary>Classes that a recognizer has; 0 where neither its output nor its graph says.</summary>
    public static int ClassesOf(ModelSession session, string graph) => session.Outputs[0] is { Name: PickedName } picked
        ? ClassCount.Of(graph, picked.Name) : session.Outputs[0].Dimensions is [.., > 0 and var last] ? last : 0;

    /// <summary>One run: text and score of the first <paramref name="lines"/> of its rows.</summary>
    /// <exception cref="ModelException">Its shape is not what belongs there, or it names a class that there is none of.</exception>
    /// <exception cref="InferenceException">Nothing of it is a number.</exception>
    public (string Text, double Score)[] Run(
        ModelSession session, ModelFeed feed, int rows, int lines, CancellationToken cancellation) =>
        session.Run(feed, all: IsPicked, outputs => Read(outputs, rows, lines), cancellation);

    (string Text, double Score)[] Read(IReadOnlyList<OutputView> outputs, int rows, int lines)
    {
        ReadOnlySpan<float> values = outputs[0].Values, confidences = IsPicked ? outputs[_confidence].Values : values;
        int length = values.Length / rows, classes = CheckShape(outputs[0].Dimensions, rows, values.Length, confidences.Length);
        var read = new (string Text, double Score)[lines];
        for (int i = 0; i < lines; i++)
        {
            read[i] = Decode(values.Slice(i * length, length), confidences.Slice(i * length, length), classes);
        }

        // NaN throughout says nothing, not even that no text stands there.
        return read.All(line => double.IsFinite(line.Score)) || confidences.IndexOfAnyExcept(float.NaN) >= 0
            ? read
            : throw InferenceException.NotFinite(_key);
    }

    (string Text, double Score) Decode(ReadOnlySpan<float> values, ReadOnlySpan<float> confidences, int classes)
    {
        try
        {
            return IsPicked ? _decoder.DecodePicked(values, confidences)
                : _name == LogitsName ? _decoder.DecodeLogits(values, classes) : _decoder.Decode(values, classes);
        }
        catch (InvalidDataException e)
        {
            throw _key.Unusable($"answers wrongly: {e.Message}.", e);
        }
    }

    /// <returns>How many classes a step has; 1 where they are picked.</returns>
    int CheckShape(long[] dimensions, int rows, int values, int confidences)
    {
        int classes = dimensions switch
        {
            [var first, _] when IsPicked && first == rows && values == confidences => 1,
            [var first, _, > 1 and var last] when !IsPicked && first == rows && last <= _decoder.Classes => (int)last,
            [var first, _, 1, > 1 and var last] when _name == LogitsName && first == rows && last <= _decoder.Classes => (int)last,
            _ => 0,
        };
        return classes > 0 ? classes : throw _key.Unusable(
            $"answers {rows} lines with [{string.Join(", ", dimensions)}]; it has {_decoder.Classes} classes.");
    }
}

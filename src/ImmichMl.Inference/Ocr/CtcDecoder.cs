namespace ImmichMl.Inference.Ocr;

/// <summary>
/// Greedy CTC: the likeliest class of every step, repeats and blanks dropped. The score is the mean of what was kept, 0 to 1; not a number
/// where one that decides is not finite.
/// </summary>
/// <param name="characters">The blank first.</param>
/// <param name="roundsScores">Each kept one has five digits, and so has their mean; else all is float32 as it comes.</param>
sealed class CtcDecoder(IReadOnlyList<string> characters, bool roundsScores)
{
    const int Blank = 0;
    const float Digits = 1e5f;

    // With a margin for what is lost in adding thousands of numbers.
    const float Half = 0.51f;
    const float Slack = 0.001f;

    // What lies further below the largest logit adds nothing that float32 keeps.
    const float Reach = 16;

    /// <summary>Classes that a model may have, the blank included.</summary>
    public int Classes => characters.Count;

    /// <param name="steps">Probabilities, steps times classes, row by row.</param>
    /// <param name="classes">At most as many as there are characters.</param>
    public (string Text, double Score) Decode(ReadOnlySpan<float> steps, int classes)
    {
        var line = new Line(this);
        bool sharesOne = steps.Length >= classes && IsShareOfOne(steps[..classes]);
        for (; steps.Length >= classes; steps = steps[classes..])
        {
            // Most steps are blank, and one that has more than half of all need not be looked for.
            int best = sharesOne && steps[Blank] > Half ? Blank : TensorPrimitives.IndexOfMax(steps[..classes]);
            line.Add(best, steps[best]);
        }

        return line.Read();
    }

    /// <param name="steps">Logits, steps times classes, row by row.</param>
    /// <param name="classes">At most as many as there are characters.</param>
    public (string Text, double Score) DecodeLogits(ReadOnlySpan<float> steps, int classes)
    {
        var line = new Line(this);
        for (; steps.Length >= classes; steps = steps[classes..])
        {
            int best = TensorPrimitives.IndexOfMax(steps[..classes]);
            line.Add(best, float.IsFinite(steps[best]) ? ShareOf(steps[best], steps[..classes]) : float.NaN);
        }

        return line.Read();
    }

    /// <param name="classes">Of each step, whole numbers.</param>
    /// <param name="confidences">Of each step, as many.</param>
    /// <exception cref="InvalidDataException">A class is none of the characters.</exception>
    public (string Text, double Score) DecodePicked(ReadOnlySpan<float> classes, ReadOnlySpan<float> confidences)
    {
        var line = new Line(this);
        for (int step = 0; step < classes.Length; step++)
        {
            line.Add(
                classes[step] is >= 0 and var picked && picked < characters.Count ? (int)picked
                    : throw new InvalidDataException($"class {classes[step]} is none of its {characters.Count}"),
                confidences[step]);
        }

        return line.Read();
    }

    static float ShareOf(float largest, ReadOnlySpan<float> logits)
    {
        float sum = 0;
        foreach (float logit in logits)
        {
            sum += largest - logit <= Reach ? MathF.Exp(logit - largest) : 0;
        }

        return 1 / sum;
    }

    /// <summary>Whether the model ends in a softmax, as seen from one step.</summary>
    static bool IsShareOfOne(ReadOnlySpan<float> step) =>
        TensorPrimitives.Min(step) >= 0 && MathF.Abs(TensorPrimitives.Sum(step) - 1) < Slack;

    /// <summary>What has been read of one line so far.</summary>
    struct Line(CtcDecoder decoder)
    {
        readonly StringBuilder _text = new();
        double _rounded;
        float _sum;
        int _kept;
        int _before;
        bool _isUnsound;

        public void Add(int best, float confidence)
        {
            _isUnsound |= !float.IsFinite(confidence);
            if (best != Blank && best != _before)
            {
                _text.Append(decoder.Character(best));
                _rounded += float.IsFinite(confidence * Digits) ? MathF.Round(confidence * Digits) / Digits : confidence;
                _sum += confidence;
                _kept++;
            }

            _before = best;
        }

        public readonly (string Text, double Score) Read() =>
            _isUnsound ? ("", double.NaN) : (_text.ToString(), _kept == 0 ? 0
                : decoder.RoundsScores ? Math.Round(_rounded / _kept * 1e5) / 1e5 : _sum / _kept);
    }

    bool RoundsScores => roundsScores;

    string Character(int index) => characters[index];
}

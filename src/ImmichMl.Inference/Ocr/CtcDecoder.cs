namespace ImmichMl.Inference.Ocr;

/// <summary>
/// Greedy CTC: the likeliest class of every step, repeats and blanks dropped. The score is the mean of what was kept, each rounded to
/// five digits, and so is the mean.
/// </summary>
/// <param name="characters">The blank first.</param>
sealed class CtcDecoder(IReadOnlyList<string> characters)
{
    const int Blank = 0;
    const float Digits = 1e5f;

    // With a margin for what is lost in adding thousands of numbers.
    const float Half = 0.51f;
    const float Slack = 0.001f;

    /// <summary>Classes that a model may have, the blank included.</summary>
    public int Classes => characters.Count;

    /// <param name="steps">Steps times classes, row by row.</param>
    /// <param name="classes">At most as many as there are characters.</param>
    /// <returns>A score of NaN where a number that decides is not finite.</returns>
    public (string Text, double Score) Decode(ReadOnlySpan<float> steps, int classes)
    {
        var text = new StringBuilder();
        double sum = 0;
        int kept = 0;
        int before = Blank;
        bool sharesOne = steps.Length >= classes && IsShareOfOne(steps[..classes]);
        for (; steps.Length >= classes; steps = steps[classes..])
        {
            // Most steps are blank, and one that has more than half of all need not be looked for.
            int best = sharesOne && steps[Blank] > Half ? Blank : TensorPrimitives.IndexOfMax(steps[..classes]);
            if (!float.IsFinite(steps[best]))
            {
                return ("", double.NaN);
            }

            if (best != Blank && best != before)
            {
                text.Append(characters[best]);
                sum += float.IsFinite(steps[best] * Digits) ? MathF.Round(steps[best] * Digits) / Digits : steps[best];
                kept++;
            }

            before = best;
        }

        return (text.ToString(), kept == 0 ? 0 : Math.Round(sum / kept * 1e5) / 1e5);
    }

    /// <summary>Whether the model ends in a softmax, as seen from one step.</summary>
    static bool IsShareOfOne(ReadOnlySpan<float> step) =>
        TensorPrimitives.Min(step) >= 0 && MathF.Abs(TensorPrimitives.Sum(step) - 1) < Slack;
}

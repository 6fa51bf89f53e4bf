using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Tests.Inference;

/// <summary>Steps of Immich 3.3 by themselves, against the vectors in golden/predict-3.3.json.</summary>
public sealed class Immich33VectorTests
{
    [Test]
    public async Task Of_boxes_that_overlap_those_stay_that_stay_there()
    {
        JsonElement vector = Golden33Data.Vector("nms");
        float[] scores = Golden33Data.Floats(vector.GetProperty("scores"));
        FaceCandidate[] faces =
        [
            .. vector.GetProperty("boxes").EnumerateArray().Select(Golden33Data.Floats)
                .Select((box, i) => new FaceCandidate(new FaceBox(box[0], box[1], box[2], box[3]), scores[i], 0, i)),
        ];
        faces.AsSpan().Sort(FaceCandidate.Compare);
        int[] kept = [.. vector.GetProperty("kept").EnumerateArray().Select(index => index.GetInt32())];
        await Assert.That(NonMaximumSuppression.Apply(faces, 0.4f, BoxOverlap.Exact).Select(face => face.Row).SequenceEqual(kept)).IsTrue();
        await Assert.That(NonMaximumSuppression.Apply(faces, 0.4f, BoxOverlap.WithEdges).Select(face => face.Row)).DoesNotContain(1);
    }

    [Test]
    public async Task Landmarks_are_aligned_by_the_matrix_of_there()
    {
        JsonElement vector = Golden33Data.Vector("similarity");
        Point2[] landmarks =
            [.. vector.GetProperty("landmarks").EnumerateArray().Select(Golden33Data.Floats).Select(at => new Point2(at[0], at[1]))];
        float[] wanted = [.. vector.GetProperty("matrix").EnumerateArray().SelectMany(Golden33Data.Floats)];
        bool isFound = SimilarityTransform.TryEstimate(
            landmarks, Imaging.SimilarityTransformTests.Template, out AffineMatrix m, SolvePrecision.InSingle);
        await Assert.That(isFound).IsTrue();
        double[] got = [m.XX, m.XY, m.X, m.YX, m.YY, m.Y];
        await Assert.That(got.Zip(wanted, (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(b))).Max()).IsLessThanOrEqualTo(3e-7);
        await Assert.That(got.All(value => (float)value == value)).IsTrue();
    }

    [Test]
    public async Task Logits_picked_classes_and_probabilities_are_read_as_there()
    {
        JsonElement vector = Golden33Data.Vector("ctc");
        var decoder = new CtcDecoder(
            ["", .. vector.GetProperty("charset").EnumerateArray().Select(text => text.GetString()!), " "], roundsScores: false);
        float[][] steps = [.. vector.GetProperty("logits")[0].EnumerateArray().Select(Golden33Data.Floats)];
        float[] shares = [.. steps.SelectMany(step => step.Select(logit => (float)(Math.Exp(logit) / step.Sum(each => Math.Exp(each)))))];
        string text = vector.GetProperty("text")[0].GetString()!;
        (string, double)[] read =
        [
            decoder.DecodeLogits(steps.SelectMany(step => step).ToArray(), 4),
            decoder.DecodePicked(
                Golden33Data.Floats(vector.GetProperty("indices")[0]), Golden33Data.Floats(vector.GetProperty("confidence")[0])),
            decoder.Decode(shares, 4),
        ];
        foreach ((string word, double score) in read)
        {
            await Assert.That(word).IsEqualTo(text);
            await Assert.That(score).IsEqualTo(vector.GetProperty("score")[0].GetDouble()).Within(1e-6);
        }
    }

    [Test]
    [Arguments(4f)]
    [Arguments(-1f)]
    [Arguments(float.NaN)]
    public async Task A_class_that_is_none_of_the_characters_is_told(float picked) =>
        await Assert.That(() => new CtcDecoder(["", "a", "b", " "], roundsScores: false).DecodePicked([picked], [1]))
            .Throws<InvalidDataException>();

    [Test]
    public async Task Where_shapes_are_few_whole_batches_go_together_and_the_rest_one_by_one()
    {
        foreach (JsonElement vector in Golden33Data.Vector("runs").EnumerateArray())
        {
            double[] ratios = [.. Enumerable.Range(1, vector.GetProperty("total").GetInt32()).Select(i => (double)i)];
            int most = vector.GetProperty("sizes")[0].GetInt32();
            int[] wanted = [.. vector.GetProperty("runs").EnumerateArray().Select(size => size.GetInt32())];
            int[] got = [.. LineRuns.Of(ratios, LineLayout.EachItsOwnWidth, most, 0, isBucketed: true).Select(run => run.Lines.Length)];
            await Assert.That(got.SequenceEqual(wanted)).IsTrue().Because($"{vector}");
        }
    }

    /// <summary>Ratios of lines, and the widths of the groups whose runs may go side by side.</summary>
    [Test]
    [Arguments("5", "240")]
    [Arguments("10 5 20", "960 480 240")]
    [Arguments("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
        "768 720 672 624 576 528 480 432 384 336 288 240 192 144 96 48|816")]
    [Arguments("200 200 5 190", "9600 9600|9120 240")]
    public async Task Lines_go_into_groups_widest_first_each_a_run_of_its_own(string ratios, string groups)
    {
        int[] widths = [.. ratios.Split(' ').Select(ratio => TextLineShape.Height * int.Parse(ratio, CultureInfo.InvariantCulture))];
        var runs = LineRuns.SideBySide(widths.Select((width, line) => new LineRun([line], 1, width))).ToList();
        await Assert.That(string.Join("|", runs.Select(group => string.Join(' ', group.Select(run => run.Width))))).IsEqualTo(groups);
        await Assert.That(runs.SelectMany(group => group).All(run => run.Rows == 1 && run.Width == widths[run.Lines[0]])).IsTrue();
    }

    [Test]
    public async Task A_batch_is_taken_apart_at_its_own_width_and_its_padding_left_out()
    {
        LineRun[] runs = [.. LineRuns.SideBySide([new LineRun([3, 1], 6, 500), new LineRun([0, 2], 2, 320)]).Single()];
        await Assert.That(string.Join(' ', runs.Select(run => $"{run.Lines.Single()}:{run.Width}"))).IsEqualTo("3:500 1:500 0:320 2:320");
    }
}

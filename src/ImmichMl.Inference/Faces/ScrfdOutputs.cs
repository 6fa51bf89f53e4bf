using System.Buffers;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Faces;

/// <summary>
/// What SCRFD's outputs say: for each stride scores [N,1], distances to the box's edges [N,4] and, in most exports, offsets of the
/// landmarks [N,10]; with or without a batch axis of 1 in front. They are told apart by their last axis, and strides by their length.
/// </summary>
sealed class ScrfdOutputs
{
    const int FirstStride = 8;

    readonly OutputView[] _scores;
    readonly OutputView[] _boxes;
    readonly OutputView[] _landmarks;
    readonly int _width;
    readonly int _height;

    ScrfdOutputs(OutputView[] scores, OutputView[] boxes, OutputView[] landmarks, int width, int height)
    {
        _scores = scores;
        _boxes = boxes;
        _landmarks = landmarks;
        _width = width;
        _height = height;
    }

    /// <exception cref="ModelException">They are no detector's outputs for an input of this size.</exception>
    public static ScrfdOutputs Sort(ModelKey key, IReadOnlyList<OutputView> outputs, int width, int height)
    {
        OutputView[] Of(int last) =>
            [.. outputs.Where(output => output.Dimensions is [.., var d] && d == last).OrderByDescending(output => output.Values.Length)];

        var sorted = new ScrfdOutputs(Of(1), Of(4), Of(10), width, height);
        return sorted.IsComplete(outputs.Count)
            ? sorted
            : throw key.Unusable("does not answer as a face detector: scores, boxes and landmarks for each stride.");
    }

    bool IsComplete(int count)
    {
        if (_scores.Length is 0 or > 5 || _boxes.Length != _scores.Length || (_landmarks.Length != 0 && _landmarks.Length != _scores.Length)
            || _scores.Length + _boxes.Length + _landmarks.Length != count)
        {
            return false;
        }

        for (int i = 0; i < _scores.Length; i++)
        {
            int cells = Cells(i);
            int rows = _scores[i].Values.Length;
            if (cells == 0 || rows == 0 || rows % cells != 0 || _boxes[i].Values.Length != 4 * rows
                || (_landmarks.Length > 0 && _landmarks[i].Values.Length != 10 * rows))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Every score is NaN: that says nothing of the picture, not even that nobody is on it.</summary>
    public bool SaysNothing => Array.TrueForAll(_scores, scores => scores.Values.IndexOfAnyExcept(float.NaN) < 0);

    int Cells(int stride) => (_width / (FirstStride << stride)) * (_height / (FirstStride << stride));

    /// <summary>
    /// The faces of at least <paramref name="minScore"/>, in source pixels, highest score first, without those that overlap a better one.
    /// Boxes are rounded to whole pixels once that is settled.
    /// </summary>
    /// <param name="minScore">Of a face.</param>
    /// <param name="threshold">Of the overlap: above it the face with the lower score goes.</param>
    /// <param name="overlap">How that is calculated.</param>
    /// <param name="scale">From source pixels to the input's.</param>
    /// <param name="leftOut">How many are not there because a number of theirs is not finite.</param>
    public Face[] Decode(float minScore, float threshold, BoxOverlap overlap, float scale, out int leftOut)
    {
        // A score of exactly 0 never counts for OpenCV.
        minScore = overlap == BoxOverlap.Exact ? Math.Max(minScore, float.Epsilon) : minScore;
        FaceCandidate[] candidates = ArrayPool<FaceCandidate>.Shared.Rent(CountFrom(minScore));
        try
        {
            List<FaceCandidate> kept = NonMaximumSuppression.Apply(
                Fill(candidates, minScore, scale, out leftOut), threshold, overlap);
            var faces = new Face[kept.Count];
            for (int i = 0; i < faces.Length; i++)
            {
                faces[i] = FaceOf(kept[i], scale);
            }

            return faces;
        }
        finally
        {
            ArrayPool<FaceCandidate>.Shared.Return(candidates);
        }
    }

    int CountFrom(float minScore)
    {
        int count = 0;
        foreach (OutputView scores in _scores)
        {
            foreach (float score in scores.Values)
            {
                count += score >= minScore ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>Highest score first. A picture full of faces has hundreds for each: their landmarks wait for those that stay.</summary>
    Span<FaceCandidate> Fill(FaceCandidate[] candidates, float minScore, float scale, out int leftOut)
    {
        int count = 0;
        leftOut = 0;
        for (int i = 0; i < _scores.Length; i++)
        {
            // Once for all: asking for them goes through ONNX Runtime and allocates.
            ReadOnlySpan<float> scores = _scores[i].Values, boxes = _boxes[i].Values;
            ReadOnlySpan<float> landmarks = _landmarks.Length == 0 ? [] : _landmarks[i].Values;
            for (int row = 0; row < scores.Length; row++)
            {
                if (!(scores[row] >= minScore))
                {
                    leftOut += float.IsNaN(scores[row]) ? 1 : 0;
                    continue;
                }

                (float x, float y, int stride) = CellOf(i, row, scores.Length);
                ReadOnlySpan<float> edges = boxes.Slice(4 * row, 4), offsets = landmarks.IsEmpty ? [] : landmarks.Slice(10 * row, 10);
                if (float.IsFinite(scores[row]) && AreFinite(edges, stride, scale) && AreFinite(offsets, stride, scale))
                {
                    candidates[count++] = new FaceCandidate(BoxAt(edges, x, y, stride, scale), scores[row], i, row);
                }
                else
                {
                    leftOut++;
                }
            }
        }

        Span<FaceCandidate> found = candidates.AsSpan(0, count);
        found.Sort(FaceCandidate.Compare);
        return found;
    }

    (float X, float Y, int Stride) CellOf(int index, int row, int rows)
    {
        int stride = FirstStride << index;
        int columns = _width / stride;
        int cell = row / (rows / Cells(index));
        return (cell % columns * stride, cell / columns * stride, stride);
    }

    Face FaceOf(FaceCandidate candidate, float scale)
    {
        FaceBox box = Round(candidate.Box);
        if (_landmarks.Length == 0)
        {
            return new Face(box, candidate.Score);
        }

        (float x, float y, int stride) = CellOf(candidate.Output, candidate.Row, _scores[candidate.Output].Values.Length);
        ReadOnlySpan<float> offsets = _landmarks[candidate.Output].Values.Slice(10 * candidate.Row, 10);
        return new Face(box, candidate.Score) { Landmarks = LandmarksAt(offsets, x, y, stride, scale) };
    }

    static FaceBox Round(FaceBox box) => new(MathF.Round(box.X1), MathF.Round(box.Y1), MathF.Round(box.X2), MathF.Round(box.Y2));

    /// <summary>In source pixels, where a large number may no longer be finite.</summary>
    static bool AreFinite(ReadOnlySpan<float> distances, float stride, float scale) =>
        distances.IsEmpty || float.IsFinite(TensorPrimitives.MaxMagnitude(distances) * stride * 2 / scale);

    static FaceBox BoxAt(ReadOnlySpan<float> edges, float x, float y, float stride, float scale) => new(
        (x - (edges[0] * stride)) / scale, (y - (edges[1] * stride)) / scale,
        (x + (edges[2] * stride)) / scale, (y + (edges[3] * stride)) / scale);

    static Point2[] LandmarksAt(ReadOnlySpan<float> offsets, float x, float y, float stride, float scale)
    {
        var points = new Point2[5];
        for (int p = 0; p < points.Length; p++)
        {
            points[p] = new Point2((x + (offsets[2 * p] * stride)) / scale, (y + (offsets[(2 * p) + 1] * stride)) / scale);
        }

        return points;
    }
}

namespace ImmichMl.Inference.Ocr;

/// <summary>Lines that go into one run of the recognizer.</summary>
/// <param name="lines">Their numbers.</param>
/// <param name="rows">Of the run's tensor; those past the lines are empty.</param>
/// <param name="width">Of the run's tensor, in pixels.</param>
sealed class LineRun(int[] lines, int rows, int width)
{
    public int[] Lines => lines;

    public int Rows => rows;

    public int Width => width;
}

/// <summary>How lines are shared out to runs, by the ratio of width to height that each is read in; 0 has nothing to read.</summary>
static class LineRuns
{
    /// <summary>Where a graph leaves it free, no input is wider: a line over 200 times as long as high is squeezed to that.</summary>
    public const int MostWidth = 200 * TextLineShape.Height;

    const int LeastWidth = 320;
    const int Together = 6;

    const int MostTogether = 16;

    // Numbers of one run's input: what is beyond goes line by line, at the same width, so that the numbers stay.
    const int MostInput = Together * 3 * TextLineShape.Height * 3200;

    /// <param name="ratios">Of the lines.</param>
    /// <param name="layout">Which of the ways below.</param>
    /// <param name="batchSize">Lines of one run.</param>
    /// <param name="width">That the graph fixes; 0 or less where it is free.</param>
    /// <param name="isBucketed">Few shapes are wanted.</param>
    public static IEnumerable<LineRun> Of(double[] ratios, LineLayout layout, int batchSize, int width, bool isBucketed)
    {
        int[] order = [.. Enumerable.Range(0, ratios.Length).OrderBy(line => ratios[line])];
        return layout == LineLayout.BatchAsWideAsItsWidest ? Batched(order, ratios, batchSize, width, isBucketed)
            : isBucketed ? InFewWidths([.. order.Where(line => ratios[line] > 0)], ratios, batchSize, width)
            : ratios.Select((ratio, line) => new LineRun([line], 1, WidthOf(ratio, width, shape => shape.InputWidth)))
                .Where(run => ratios[run.Lines[0]] > 0);
    }

    /// <summary>
    /// The same lines at the same widths, a run each, in groups whose runs may go side by side, widest first. On one thread six lines in
    /// a run of 800 pixels take two fifths more time than in runs of their own: what lies between two operators leaves the cache.
    /// </summary>
    public static IEnumerable<LineRun[]> SideBySide(IEnumerable<LineRun> runs)
    {
        var group = new List<LineRun>();
        long pixels = 0;
        foreach (LineRun run in runs.SelectMany(run => run.Lines.Select(line => new LineRun([line], 1, run.Width))))
        {
            if (group.Count == MostTogether || (group.Count > 0 && 3 * TextLineShape.Height * (pixels + run.Width) > MostInput))
            {
                yield return [.. group.OrderByDescending(one => one.Width)];
                group.Clear();
                pixels = 0;
            }

            group.Add(run);
            pixels += run.Width;
        }

        if (group.Count > 0)
        {
            yield return [.. group.OrderByDescending(one => one.Width)];
        }
    }

    static IEnumerable<LineRun> Batched(int[] order, double[] ratios, int batchSize, int width, bool isBucketed)
    {
        foreach (int[] batch in order.Chunk(batchSize))
        {
            double widest = Math.Max(ratios[batch[^1]], LeastWidth / (double)TextLineShape.Height);
            int wide = (int)Math.Min(TextLineShape.Height * widest, MostWidth);
            wide = width > 0 ? width : isBucketed ? ShapeBuckets.RoundUp(wide) : wide;
            int together = Math.Clamp(MostInput / (3 * TextLineShape.Height * wide), 1, batchSize);
            foreach (int[] some in batch.Chunk(together))
            {
                yield return new LineRun(some, isBucketed && batchSize > 1 ? together : some.Length, wide);
            }
        }
    }

    /// <summary>Whole batches, and what is left over one by one: each width is seen with two numbers of rows and no more.</summary>
    static IEnumerable<LineRun> InFewWidths(int[] order, double[] ratios, int batchSize, int width)
    {
        int whole = order.Length / batchSize * batchSize;
        foreach (int[] some in order[..whole].Chunk(batchSize).Concat(order[whole..].Chunk(1)))
        {
            yield return new LineRun(some, some.Length, WidthOf(ratios[some[^1]], width, shape => shape.FixedInputWidth));
        }
    }

    static int WidthOf(double ratio, int width, Func<TextLineShape, int> free) => width > 0 ? width : free(new TextLineShape(false, ratio));
}

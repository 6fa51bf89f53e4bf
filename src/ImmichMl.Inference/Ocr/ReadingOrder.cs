namespace ImmichMl.Inference.Ocr;

/// <summary>Top to bottom, then left to right: a gap of ten source pixels between first corners starts a new line.</summary>
static class ReadingOrder
{
    const float LineGap = 10;

    public static List<TextLine> Sort(IEnumerable<TextBox> boxes)
    {
        TextBox[] byHeight = [.. boxes.OrderBy(box => box.Corners.TopLeft.Y)];
        var lines = new List<TextLine>(byHeight.Length);
        for (int start = 0; start < byHeight.Length;)
        {
            int end = start + 1;
            while (end < byHeight.Length && byHeight[end].Corners.TopLeft.Y - byHeight[end - 1].Corners.TopLeft.Y < LineGap)
            {
                end++;
            }

            lines.AddRange(byHeight[start..end].OrderBy(box => box.Corners.TopLeft.X).Select(box => new TextLine(box.Corners, box.Score)));
            start = end;
        }

        return lines;
    }
}

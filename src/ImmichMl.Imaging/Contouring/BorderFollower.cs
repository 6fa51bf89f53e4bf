namespace ImmichMl.Imaging.Contouring;

/// <summary>A cell that a border starts at, and whether it is the border of a hole.</summary>
readonly record struct BorderStart(int Cell, bool IsHole);

/// <summary>Finds borders row by row and follows them, marking what was seen: 2, with the sign bit where the right is empty.</summary>
static class BorderFollower
{
    const sbyte Seen = 2;
    const sbyte SeenOnTheRight = unchecked((sbyte)(Seen | 0x80));

    // Counter-clockwise on the screen, beginning with the right neighbour.
    static readonly (int X, int Y)[] s_steps = [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)];

    /// <summary>The last <paramref name="max"/> borders in the order they are found; memory does not grow with those before.</summary>
    public static Queue<BorderStart> FindStarts(BorderedMap map, int max)
    {
        Queue<BorderStart> starts = [];
        var cells = map.Cells;
        for (var y = 1; y <= map.Height; y++)
        {
            int cell = (y * map.Stride) + 1, end = (y + 1) * map.Stride - 1;
            sbyte previous = 0;
            while (true)
            {
                var run = cells.AsSpan(cell, end - cell).IndexOfAnyExcept(previous);
                if (run < 0)
                {
                    // OpenCV leaves out the frame's own column; a change there never starts a border.
                    break;
                }

                cell += run;
                var outer = previous == 0 && cells[cell] == 1;
                var hole = previous >= 1 && cells[cell] == 0;
                if (outer || hole)
                {
                    BorderStart start = new(hole ? cell - 1 : cell, hole);
                    Follow(map, start, null);
                    if (starts.Count == max)
                    {
                        starts.Dequeue();
                    }

                    starts.Enqueue(start);
                }

                previous = cells[cell];
                cell++;
            }
        }

        return starts;
    }

    /// <summary>Walks once around; a second walk takes the same way, since marks are not zero.</summary>
    /// <param name="map">Is marked.</param>
    /// <param name="start">As found.</param>
    /// <param name="points">Takes the points where the direction changes; null to mark alone.</param>
    public static void Follow(BorderedMap map, BorderStart start, List<PixelPoint>? points)
    {
        var cells = map.Cells;
        Span<int> offsets = stackalloc int[8];
        for (var i = 0; i < offsets.Length; i++)
        {
            offsets[i] = s_steps[i].X + (s_steps[i].Y * map.Stride);
        }

        // Backwards from the empty side to the last cell of the walk.
        int origin = start.Cell, from = start.IsHole ? 0 : 4, direction = from;
        do
        {
            direction = (direction - 1) & 7;
        }
        while (cells[origin + offsets[direction]] == 0 && direction != from);

        var point = map.PointAt(origin);
        if (direction == from)
        {
            cells[origin] = SeenOnTheRight;
            points?.Add(point);
            return;
        }

        int last = origin + offsets[direction], current = origin, previousDirection = direction ^ 4;
        while (true)
        {
            var searchedFrom = direction;
            int next;
            do
            {
                direction++;
                next = current + offsets[direction & 7];
            }
            while (cells[next] == 0);

            direction &= 7;
            if ((uint)(direction - 1) < (uint)searchedFrom)
            {
                // The search went over the right neighbour and found it empty.
                cells[current] = SeenOnTheRight;
            }
            else if (cells[current] == 1)
            {
                cells[current] = Seen;
            }

            if (direction != previousDirection)
            {
                points?.Add(point);
                previousDirection = direction;
            }

            point = new(point.X + s_steps[direction].X, point.Y + s_steps[direction].Y);
            if (next == origin && current == last)
            {
                return;
            }

            current = next;
            direction = (direction + 4) & 7;
        }
    }
}

using ImmichMl.Imaging.Contouring;
using ImmichMl.Imaging.Warping;

namespace ImmichMl.Tests.Imaging;

/// <summary>Contours, rectangles, fills, offsets and crops against tests/golden/geometry/shapes.json.</summary>
public sealed class ShapeTests
{
    [Test]
    public async Task Contours_and_their_rectangles_equal_OpenCV()
    {
        var total = 0;
        List<string> wrong = [];
        foreach (var golden in GeometryGolden.Cases("shapes.json", "contours"))
        {
            int width = golden[0].GetInt32(), height = golden[1].GetInt32();
            var cells = NoiseMap(width, height, golden[2].GetInt32(), golden[3].GetInt32());
            var contours = Find(cells, width, height, int.MaxValue);
            total += contours.Count;
            PixelPoint[] points = [.. contours.SelectMany(contour => contour)];
            Point2[] corners = [.. contours.SelectMany(contour => Corners(contour))];
            if (contours.Count != golden[4].GetInt32() || Sha256.Of(MemoryMarshal.AsBytes<PixelPoint>(points)) != golden[5].GetString())
            {
                wrong.Add($"contours {golden}");
            }
            else if (Sha256.Of(MemoryMarshal.AsBytes<Point2>(corners)) != golden[6].GetString())
            {
                wrong.Add($"rectangles {golden}");
            }

            var few = Find(cells, width, height, 3);
            await Assert.That(few.SelectMany(contour => contour).SequenceEqual(contours.Take(3).SelectMany(contour => contour))).IsTrue();
        }

        await Assert.That(total).IsGreaterThan(2000);
        await Assert.That(wrong).IsEmpty();
    }

    [Test]
    public async Task Rectangles_around_any_points_equal_OpenCV()
    {
        List<string> wrong = [];
        foreach (var golden in GeometryGolden.Cases("shapes.json", "rectangles"))
        {
            if (!Corners(Pixels(golden[0])).SequenceEqual(GeometryGolden.Points(golden[1])))
            {
                wrong.Add($"{golden} {string.Join(' ', Corners(Pixels(golden[0])))}");
            }
        }

        await Assert.That(wrong).IsEmpty();
    }

    [Test]
    public async Task A_filled_polygon_has_the_pixels_that_OpenCV_fills()
    {
        List<string> wrong = [];
        foreach (var golden in GeometryGolden.Cases("shapes.json", "fills"))
        {
            var mask = new byte[golden[0].GetInt32() * golden[1].GetInt32()];
            PolygonMask.Draw(Pixels(golden[2]), mask, golden[0].GetInt32(), golden[1].GetInt32());
            if (Sha256.Of(mask) != golden[3].GetString())
            {
                wrong.Add($"{golden}");
            }
        }

        await Assert.That(wrong).IsEmpty();
    }

    [Test]
    public async Task A_grown_rectangle_has_the_hull_that_Clipper_gives()
    {
        List<string> wrong = [];
        foreach (var golden in GeometryGolden.Cases("shapes.json", "offsets"))
        {
            var grown = PolygonOffset.Grow(Pixels(golden[0]), golden[1].GetDouble());
            var hull = ConvexHull.Find(grown).OrderBy(point => point.X).ThenBy(point => point.Y);
            if (!hull.SequenceEqual(Pixels(golden[2])))
            {
                wrong.Add($"{golden}");
            }
        }

        await Assert.That(wrong).IsEmpty();
    }

    [Test]
    public async Task A_crop_equals_Pillow_to_the_last_bit_for_its_coefficients()
    {
        List<string> wrong = [];
        double worst = 0;
        foreach (var golden in GeometryGolden.Cases("shapes.json", "crops"))
        {
            using var source = FormulaPicture.Draw(golden[0].GetString()!, golden[1].GetInt32(), golden[2].GetInt32());
            var corners = GeometryGolden.Points(golden[3]);
            Quad quad = new(corners[0], corners[1], corners[2], corners[3]);
            double[] c = [.. golden[4].EnumerateArray().Select(number => number.GetDouble())];
            using var target = Bitmap.Allocate(golden[5].GetInt32(), golden[6].GetInt32());
            BicubicPass.Run(source, new(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]), target);
            if (PerspectiveCrop.Size(quad) != (target.Width, target.Height) || Sha256.Of(target.Pixels) != golden[7].GetString())
            {
                wrong.Add($"{golden}");
            }

            await Assert.That(PerspectiveMatrix.TryMapRectangle(target.Width, target.Height, quad, out var m)).IsTrue();
            double[] ours = [m.A, m.B, m.C, m.D, m.E, m.F, m.G, m.H];
            worst = Math.Max(worst, ours.Zip(c, (our, their) => Math.Abs(our - their)).Max());
        }

        await Assert.That(wrong).IsEmpty();
        await Assert.That(worst).IsLessThan(1e-9);
    }

    [Test]
    public async Task A_quad_that_cannot_be_cut_is_no_crop()
    {
        using var source = FormulaPicture.Draw("noise", 20, 20);
        Point2 a = new(1, 1), b = new(9, 9), c = new(17, 17), far = new(1e9f, 1), none = new(float.NaN, 1);
        Quad[] quads =
            [new(a, a, a, a), new(a, b, c, b), new(a, far, far, a), new(none, b, c, a), new(a, far, new(1e9f, 1e9f), new(1, 1e9f))];
        foreach (var quad in quads)
        {
            await Assert.That(PerspectiveCrop.TryApply(source, quad, out _)).IsFalse();
        }
    }

    [Test]
    public async Task Four_quarter_turns_are_none_and_one_brings_the_right_edge_up()
    {
        using var source = FormulaPicture.Draw("noise", 7, 5);
        using var once = Rotation.CounterClockwise(source);
        using var twice = Rotation.CounterClockwise(once);
        using var thrice = Rotation.CounterClockwise(twice);
        using var round = Rotation.CounterClockwise(thrice);
        await Assert.That((once.Width, once.Height)).IsEqualTo((5, 7));
        await Assert.That(once.Row(0)[..3].SequenceEqual(source.Row(0)[^3..])).IsTrue();
        await Assert.That(round.Pixels.SequenceEqual(source.Pixels)).IsTrue();
    }

    static Point2[] Corners(PixelPoint[] points)
    {
        var corners = new Point2[4];
        MinAreaRectangle.Around(points).GetCorners(corners);
        return corners;
    }

    static PixelPoint[] Pixels(System.Text.Json.JsonElement flat) =>
        [.. flat.EnumerateArray().Select(number => number.GetInt32()).Chunk(2).Select(pair => new PixelPoint(pair[0], pair[1]))];

    static List<PixelPoint[]> Find(float[] cells, int width, int height, int max)
    {
        using var map = new BorderedMap(width, height);
        for (var i = 0; i < cells.Length; i++)
        {
            map.Row(i / width)[i % width] = (sbyte)cells[i];
        }

        return Contours.Find(map, max);
    }

    static float[] NoiseMap(int width, int height, int level, int grow)
    {
        using var picture = FormulaPicture.Draw("noise", width, height);
        float[] cells = [.. picture.Pixels.ToArray().Where((_, i) => i % 3 == 0).Select(value => value > level ? 1f : 0f)];
        for (; grow > 0; grow--)
        {
            using var grown = Dilation.Threshold(cells, width, height, 0.5f);
            for (var i = 0; i < cells.Length; i++)
            {
                cells[i] = grown.Row(i / width)[i % width];
            }
        }

        return cells;
    }
}

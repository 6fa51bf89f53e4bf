using System.IO.Compression;

namespace ImmichMl.Tests.Imaging;

public sealed class TextBoxesTests
{
    [Test]
    public async Task Boxes_and_scores_equal_the_reference_on_whole_maps()
    {
        await using var file = new GZipStream(File.OpenRead(Repository.Golden("geometry", "maps.bin.gz")), CompressionMode.Decompress);
        BoxTally tally = new();
        foreach (var golden in GeometryGolden.Cases("boxes.json", "boxes"))
        {
            int width = golden[0].GetInt32(), height = golden[1].GetInt32();
            tally.Add($"map {tally.Maps}", await ReadMapAsync(file, width, height), width, height, [.. golden.EnumerateArray().Skip(2)]);
        }

        Console.WriteLine($"synthetic maps: {tally}");
        await Assert.That(tally.Maps).IsGreaterThanOrEqualTo(100);
        await AssertEqualAsync(tally);
    }

    [Test]
    public async Task Boxes_and_scores_equal_the_reference_on_a_detectors_maps_and_on_hard_ones()
    {
        await using var file = new GZipStream(File.OpenRead(Repository.Golden("geometry", "real_maps.bin.gz")), CompressionMode.Decompress);
        var cases = GeometryGolden.Cases("real_boxes.json", "boxes").ToLookup(golden => golden[0].GetInt32());
        BoxTally detector = new(), hard = new();
        var index = 0;
        foreach (var golden in GeometryGolden.Cases("real_boxes.json", "maps"))
        {
            int width = golden[1].GetInt32(), height = golden[2].GetInt32();
            var (name, map) = (golden[0].GetString()!, await ReadMapAsync(file, width, height));
            foreach (var one in cases[index++])
            {
                var tally = name.StartsWith("detector", StringComparison.Ordinal) ? detector : hard;
                tally.Add(name, map, width, height, [.. one.EnumerateArray().Skip(1)]);
            }
        }

        Console.WriteLine($"a detector's maps: {detector}");
        Console.WriteLine($"hard maps: {hard}");
        await Assert.That(detector.Names).IsGreaterThanOrEqualTo(15);
        await Assert.That(detector.Total).IsGreaterThanOrEqualTo(500);
        await Assert.That(hard.Total).IsGreaterThanOrEqualTo(5000);
        await AssertEqualAsync(detector);
        await AssertEqualAsync(hard);
    }

    static async Task<float[]> ReadMapAsync(Stream file, int width, int height)
    {
        var levels = new byte[width * height];
        await file.ReadExactlyAsync(levels);
        return [.. levels.Select(level => level / 255f)];
    }

    static async Task AssertEqualAsync(BoxTally tally)
    {
        await Assert.That(tally.Wrong).IsEmpty();
        await Assert.That(tally.Exact).IsGreaterThanOrEqualTo((int)(tally.Total * 0.95)).Because(tally.ToString());
        await Assert.That(tally.LargestScoreGap).IsLessThan(2e-6);
    }

    [Test]
    public async Task A_large_map_of_noise_takes_no_more_than_seconds()
    {
        const int side = 2000;
        using var noise = FormulaPicture.Draw("noise", side, side);
        var map = new float[side * side];
        for (var i = 0; i < map.Length; i++)
        {
            map[i] = noise.Pixels[3 * i] / 255f;
        }

        var before = TimeProvider.System.GetTimestamp();
        var boxes = TextBoxes.Find(map, side, side, side, side, new(0.5));
        await Assert.That(boxes.Count).IsLessThanOrEqualTo(1000);
        await Assert.That(TimeProvider.System.GetElapsedTime(before)).IsLessThan(TimeSpan.FromSeconds(5));
    }

    [Test]
    [Arguments(float.PositiveInfinity)]
    [Arguments(float.NaN)]
    public async Task A_box_over_a_number_that_is_not_finite_is_left_out_and_its_neighbour_is_not(float number)
    {
        var map = new float[128 * 64];
        for (var y = 20; y < 40; y++)
        {
            map.AsSpan((y * 128) + 8, 40).Fill(0.9f);
            map.AsSpan((y * 128) + 72, 40).Fill(0.9f);
        }

        await Assert.That(TextBoxes.Find(map, 128, 64, 128, 64, new(0.5)).Count).IsEqualTo(2);
        map[(30 * 128) + 90] = number;
        List<TextBox> boxes = TextBoxes.Find(map, 128, 64, 128, 64, new(0.5));
        await Assert.That(boxes.Count).IsEqualTo(1);
        await Assert.That(boxes[0].Corners.TopRight.X).IsLessThan(64);
        await Assert.That(double.IsFinite(boxes[0].Score)).IsTrue();
        await Assert.That(TextBoxes.Find(map, 128, 64, 128, 64, new(0.5) { ScoreMode = TextScoreMode.Slow }).Count).IsEqualTo(1);
    }

    [Test]
    public async Task Nothing_and_no_numbers_give_no_boxes()
    {
        var map = new float[64 * 32];
        await Assert.That(TextBoxes.Find(map, 64, 32, 640, 320, new(0.5))).IsEmpty();
        map.AsSpan().Fill(float.NaN);
        await Assert.That(TextBoxes.Find(map, 64, 32, 640, 320, new(0.5))).IsEmpty();
        await Assert.That(() => TextBoxes.Find(map, 63, 32, 640, 320, new(0.5))).Throws<ArgumentOutOfRangeException>();
    }
}

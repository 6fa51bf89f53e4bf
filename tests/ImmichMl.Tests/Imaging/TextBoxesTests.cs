using System.IO.Compression;
using ImmichMl.Imaging;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Imaging;

public sealed class TextBoxesTests
{
    [Test]
    public async Task Boxes_and_scores_equal_the_reference_on_whole_maps()
    {
        await using var file = new GZipStream(File.OpenRead(Repository.Golden("geometry", "maps.bin.gz")), CompressionMode.Decompress);
        int total = 0, exact = 0, maps = 0;
        List<string> wrong = [];
        foreach (var golden in GeometryGolden.Cases("boxes.json", "boxes"))
        {
            int width = golden[0].GetInt32(), height = golden[1].GetInt32();
            var levels = new byte[width * height];
            await file.ReadExactlyAsync(levels);
            float[] map = [.. levels.Select(level => level / 255f)];
            TextBoxSettings settings = new(golden[4].GetDouble()) { ScoreMode = golden[5].GetBoolean() ? TextScoreMode.Fast : TextScoreMode.Slow };
            var boxes = TextBoxes.Find(map, width, height, golden[2].GetInt32(), golden[3].GetInt32(), settings);
            var expected = golden[6].EnumerateArray().ToArray();
            maps++;
            total += expected.Length;
            if (boxes.Count != expected.Length)
            {
                wrong.Add($"map {maps}: {boxes.Count} boxes for {expected.Length}");
                continue;
            }

            foreach (var (box, their) in boxes.Zip(expected))
            {
                var apart = Flat(box.Corners).Zip(their[0].EnumerateArray(), (our, one) => Math.Abs(our - one.GetInt32())).Max();
                exact += apart == 0 ? 1 : 0;
                if (apart > 2 || Math.Abs(box.Score - their[1].GetDouble()) > 2e-6)
                {
                    wrong.Add($"map {maps}: {box} for {their}");
                }
            }
        }

        await Assert.That(maps).IsGreaterThanOrEqualTo(100);
        await Assert.That(wrong).IsEmpty();
        await Assert.That(exact).IsGreaterThanOrEqualTo((int)(total * 0.95)).Because($"{exact} of {total}");
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
    public async Task Nothing_and_no_numbers_give_no_boxes()
    {
        var map = new float[64 * 32];
        await Assert.That(TextBoxes.Find(map, 64, 32, 640, 320, new(0.5))).IsEmpty();
        map.AsSpan().Fill(float.NaN);
        await Assert.That(TextBoxes.Find(map, 64, 32, 640, 320, new(0.5))).IsEmpty();
        await Assert.That(() => TextBoxes.Find(map, 63, 32, 640, 320, new(0.5))).Throws<ArgumentOutOfRangeException>();
    }

    static float[] Flat(Quad quad) =>
    [
        quad.TopLeft.X, quad.TopLeft.Y, quad.TopRight.X, quad.TopRight.Y,
        quad.BottomRight.X, quad.BottomRight.Y, quad.BottomLeft.X, quad.BottomLeft.Y,
    ];
}

namespace ImmichMl.Tests.Imaging;

/// <summary>The sizes of Immich 3.3 against the vectors in golden/predict-3.3.json.</summary>
public sealed class Immich33PlanTests
{
    static JsonElement Vector(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedData.File("golden", "predict-3.3.json")));
        return document.RootElement.GetProperty("vectors").GetProperty(name).Clone();
    }

    static JsonElement[] Vectors(string name) => [.. Vector(name).EnumerateArray()];

    [Test]
    public async Task A_picture_is_scaled_for_the_text_detector_as_there()
    {
        foreach (var vector in Vectors("ocr_content"))
        {
            var plan = TextScale.Plan(Int(vector, "width"), Int(vector, "height"), Int(vector, "maxResolution"));
            await Assert.That(plan).IsEqualTo(Pair(vector.GetProperty("content"))).Because($"{vector}");
        }

        await Assert.That(TextScale.Plan(900, 500, 0)).IsEqualTo((32, 32));
        await Assert.That(TextScale.Plan(900, 500, -1)).IsEqualTo((32, 32));
    }

    [Test]
    [Arguments("ocr_canvases_736", 736)]
    [Arguments("ocr_canvases_1088", 1088)]
    public async Task The_canvases_of_fixed_shapes_are_those(string name, int maxResolution) =>
        await Assert.That(TextScale.Canvases(maxResolution).Select(canvas => (canvas.Height, canvas.Width))
            .SequenceEqual(Vectors(name).Select(Pair))).IsTrue();

    [Test]
    public async Task The_canvas_is_chosen_and_the_picture_shrunk_to_it_as_there()
    {
        foreach (var vector in Vectors("ocr_canvas_choice"))
        {
            var (canvasHeight, canvasWidth) = Pair(vector.GetProperty("canvas"));
            await Assert.That(TextScale.PlanFixed(Int(vector, "width"), Int(vector, "height"), 736))
                .IsEqualTo(new TextCanvas(canvasWidth, canvasHeight, Int(vector, "content_width"), Int(vector, "content_height")))
                .Because($"{vector}");
        }
    }

    [Test]
    [Arguments("rec_width")]
    [Arguments("rec_width_fixed")]
    public async Task A_text_line_has_the_width_and_the_turn_of_there(string name)
    {
        foreach (var vector in Vectors(name))
        {
            var (width, height) = Pair(vector.GetProperty("crop"));
            var shape = TextLineShape.Of(width, height);
            var input = name == "rec_width" ? shape.InputWidth : shape.FixedInputWidth;
            await Assert.That((shape.IsTurned, input, shape.TextWidth(input)))
                .IsEqualTo((vector.GetProperty("turned").GetBoolean(), Int(vector, "width"), Int(vector, "text_width")))
                .Because($"{vector}");
        }
    }

    [Test]
    public async Task A_letterbox_multiplies_before_it_divides()
    {
        foreach (var vector in Vectors("letterbox"))
        {
            var plan = Letterbox.Plan(Int(vector, "width"), Int(vector, "height"), 640, 640, LetterboxRounding.ProductFirst);
            await Assert.That((plan.Width, plan.Height)).IsEqualTo(Pair(vector.GetProperty("to"))).Because($"{vector}");
            await Assert.That(plan.Scale).IsEqualTo(vector.GetProperty("scale").GetDouble());
        }

        await Assert.That(Letterbox.Plan(930, 1280, 640, 640, LetterboxRounding.ProductFirst).Width).IsEqualTo(465);
        await Assert.That(Letterbox.Plan(930, 1280, 640, 640).Width).IsEqualTo(464);
    }

    [Test]
    public async Task CLIP_resizes_to_the_size_of_there()
    {
        foreach (var vector in Vectors("clip_resize"))
        {
            var (width, height, _) = ClipResize.Plan(Int(vector, "width"), Int(vector, "height"), 224, ClipResizeMode.Shortest);
            await Assert.That((width, height)).IsEqualTo(Pair(vector.GetProperty("to"))).Because($"{vector}");
        }

        await Assert.That(ClipResize.Plan(1440, 3, 224, ClipResizeMode.Squash)).IsEqualTo((224, 224, new PixelRectangle(0, 0, 224, 224)));
    }

    [Test]
    public async Task The_corners_of_a_text_box_have_the_order_of_there()
    {
        var vector = Vector("corner_order");
        foreach (var (points, ordered) in vector.GetProperty("points").EnumerateArray().Zip(vector.GetProperty("ordered").EnumerateArray()))
        {
            var corners = Corners(points);
            TextBoxes.SortCorners(corners);
            await Assert.That(corners.SequenceEqual(Corners(ordered))).IsTrue().Because($"{points}");
        }
    }

    [Test]
    public async Task A_rectangle_of_text_grows_on_all_sides_and_is_cut_to_the_picture()
    {
        // Filled cells 8 to 47 and 20 to 39, one more right and below by dilation: a rectangle of 40 by 20 that grows by 21 1/3.
        var map = new float[128 * 64];
        for (var y = 20; y < 40; y++)
        {
            map.AsSpan((y * 128) + 8, 40).Fill(0.9f);
        }

        var settings = new TextBoxSettings(0.5) { Growth = TextBoxGrowth.Rectangle };
        var boxes = TextBoxes.Find(map, 128, 64, 256, 64, settings);
        await Assert.That(boxes.Count).IsEqualTo(1);
        await Assert.That(boxes[0].Corners).IsEqualTo(new Quad(new(0, 9), new(117, 9), new(117, 51), new(0, 51)));
        await Assert.That(boxes[0].Score).IsBetween(0.83, 0.84);
        await Assert.That(TextBoxes.Find(map, 128, 64, 256, 64, settings with { MinScore = 0.85 })).IsEmpty();
    }

    [Test]
    public async Task Bytes_are_scaled_in_the_order_of_there()
    {
        using var bitmap = Bitmap.Allocate(256, 1);
        for (var i = 0; i < bitmap.Pixels.Length; i++)
        {
            bitmap.Pixels[i] = (byte)(i / 3);
        }

        float[] mean = [0.5f, 0.4578275f, 0.40821073f], std = [0.5f, 0.26130258f, 0.27577711f];
        float[] clip = new float[3 * 256], line = new float[3 * 256];
        TensorWriter.WriteStandardized(bitmap, StandardizeTable.ByFactors(mean, std), clip);
        TensorWriter.WriteStandardized(bitmap, StandardizeTable.Scaled(1 / 127.5f, 1), line);
        for (var i = 0; i < clip.Length; i++)
        {
            float scaled = i % 256 / 255f * (1 / std[i / 256]), product = i % 256 * (1 / 127.5f);
            await Assert.That(clip[i]).IsEqualTo(scaled - (mean[i / 256] / std[i / 256]));
            await Assert.That(line[i]).IsEqualTo(product - 1);
        }
    }

    [Test]
    [Arguments("Bicubic", true)]
    [Arguments("NEAREST", true)]
    [Arguments("hamming", true)]
    [Arguments("random", false)]
    [Arguments("1", false)]
    [Arguments(null, false)]
    public async Task A_filter_is_known_by_its_name_in_any_case(string? word, bool isKnown) =>
        await Assert.That(ClipResize.TryParseFilter(word, out _)).IsEqualTo(isKnown);

    static Point2[] Corners(JsonElement points) =>
        [.. points.EnumerateArray().Select(point => new Point2(point[0].GetSingle(), point[1].GetSingle()))];

    static int Int(JsonElement vector, string name) => vector.GetProperty(name).GetInt32();

    static (int, int) Pair(JsonElement pair) => (pair[0].GetInt32(), pair[1].GetInt32());
}

using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace ImmichMl.Tests.Inference;

/// <summary>Models of Immich 3.3's revision v2 that are damaged or not what they say: a typed error at load, and no more.</summary>
public sealed class V2DamageTests
{
    const string Text = "ViT-B-32__openai";
    const string Ocr = "PP-OCRv5_mobile";

    /// <summary>What becomes of the head of a file of weights.</summary>
    internal static readonly Dictionary<string, Func<JsonObject, JsonNode?>> Heads = new()
    {
        ["a range that overlaps another"] = head => Range(head, 1)[0] = (long)Range(head, 1)[0]! - 1,
        ["a range that lies outside of the file"] = head => Range(head, -1)[1] = 1L << 40,
        ["a range that ends before it begins"] = head => Range(head, 0)[1] = -5,
        ["another dtype"] = head => Entry(head, 0)["dtype"] = "I8",
        ["a dtype of the same size that is not the graph's"] = head =>
            Entry(head, 0)["dtype"] = (string)Entry(head, 0)["dtype"]! == "F32" ? "I32" : "BF16",
        ["another shape"] = head => Entry(head, 0)["shape"]![0] = 1L << 62,
        ["an entry that is no tensor"] = head => head["x"] = 5,
        ["an entry without a range"] = head => head["x"] = new JsonObject { ["dtype"] = "F32", ["shape"] = new JsonArray() },
    };

    public static IEnumerable<string> HeadNames() => Heads.Keys;

    [Test]
    [MethodDataSource(nameof(HeadNames))]
    public async Task A_head_of_the_weights_that_lies_is_told_at_load(string what)
    {
        using TempFolder cache = Copy(SharedCaches.V2(), "clip", Text, "textual");
        await WithWeightsAsync(cache, bytes =>
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
            var head = (JsonObject)JsonNode.Parse(bytes.AsSpan(8, length))!;
            Heads[what](head);
            byte[] text = Encoding.UTF8.GetBytes(head.ToJsonString());

            // Nothing moves: what the graph says of offsets stays true.
            byte[] padded = [.. text, .. Enumerable.Repeat((byte)' ', Math.Max(0, length - text.Length))];
            return padded.Length == length ? [.. bytes[..8], .. padded, .. bytes[(8 + length)..]]
                : [.. BitConverter.GetBytes((long)padded.Length), .. padded, .. bytes[(8 + length)..]];
        });
        await IsToldAsync(cache, Query(), "safetensors", "weights");
    }

    [Test]
    [Arguments(1L << 40)]
    [Arguments(-1L)]
    [Arguments(0L)]
    [Arguments(1L << 23)]
    public async Task A_head_of_the_weights_with_an_impossible_length_is_told_at_load(long length)
    {
        using TempFolder cache = Copy(SharedCaches.V2(), "clip", Text, "textual");
        await WithWeightsAsync(cache, bytes => [.. BitConverter.GetBytes(length), .. bytes[8..]]);
        await IsToldAsync(cache, Query(), "weights");
    }

    [Test]
    public async Task Weights_that_are_cut_are_told_at_load()
    {
        using TempFolder cache = Copy(SharedCaches.V2(), "clip", Text, "textual");
        await WithWeightsAsync(cache, bytes => bytes[..(bytes.Length / 2)]);
        await IsToldAsync(cache, Query(), "weights");
    }

    [Test]
    public async Task Weights_behind_a_link_that_leads_out_of_the_cache_are_not_followed()
    {
        using TempFolder cache = Copy(SharedCaches.V2(), "clip", Text, "textual");
        using var elsewhere = new TempFolder();
        string weights = cache.File("clip", Text, "textual", "model.safetensors"), target = elsewhere.File("weights");
        File.Move(weights, target);
        File.CreateSymbolicLink(weights, target);
        await IsToldAsync(cache, Query(), "a link that leads out of the cache");
    }

    [Test]
    public async Task A_folder_beside_a_model_that_leads_out_of_the_cache_is_not_followed()
    {
        using TempFolder cache = Copy(SharedCaches.V2(), "clip", Text, "textual");
        using var elsewhere = new TempFolder();
        Directory.CreateSymbolicLink(cache.File("clip", Text, "textual", "weights"), elsewhere.Path);
        await IsToldAsync(cache, Query(), "a link that leads out of the cache");
    }

    [Test]
    public async Task A_token_table_that_is_not_in_the_graph_is_told_at_load()
    {
        using TempFolder cache = Copy(SharedCaches.V2("--host-table"), "clip", Text, "textual");
        string graph = cache.File("clip", Text, "textual", "model.onnx");
        byte[] bytes = await File.ReadAllBytesAsync(graph);

        // The metadata stands behind the graph.
        int key = bytes.AsSpan().LastIndexOf("embedding"u8), name = bytes.AsSpan(key + 9).IndexOf("_fp16"u8) + key + 9;
        "_none"u8.CopyTo(bytes.AsSpan(name));
        await File.WriteAllBytesAsync(graph, bytes);
        await IsToldAsync(cache, Query(), "token table");
    }

    [Test]
    [Arguments("x\n")]
    [Arguments("")]
    public async Task Characters_that_are_not_as_many_as_the_classes_are_told_at_load(string characters)
    {
        using TempFolder cache = Copy(SharedCaches.V2("--charset", "file"), "ocr", Ocr, "detection");
        CopyTo(cache, SharedCaches.V2("--charset", "file"), "ocr", Ocr, "recognition");
        await File.WriteAllTextAsync(cache.File("ocr", Ocr, "recognition", "charset.txt"), characters);
        var picture = new ReadOnlySequence<byte>(await File.ReadAllBytesAsync(SharedData.File("corpus", "text", "page.png")));
        await IsToldAsync(
            cache,
            new PredictRequest
            {
                Id = 0, Image = picture,
                Tasks =
                [
                    new TaskEntry { Task = "ocr", Type = "detection", ModelName = Ocr },
                    new TaskEntry { Task = "ocr", Type = "recognition", ModelName = Ocr },
                ],
            },
            "classes");
    }

    [Test]
    public async Task Pixels_of_five_dimensions_are_no_picture()
    {
        using var cache = new TempFolder();
        byte[] model = new OnnxGraph("five").Input("image", OnnxType.UInt8, 1, 8, 8, 3, 1).Output("e", OnnxType.UInt8, 1, 8, 8, 3, 1)
            .Node("Identity", ["image"], ["e"]).ToModel();
        cache.Write(model, "clip", "five", "visual", "model.onnx");
        cache.Write("{\"size\":8,\"mean\":[0,0,0],\"std\":[1,1,1]}"u8, "clip", "five", "visual", "preprocess_cfg.json");
        await IsToldAsync(cache, Clip.Visual("five", TestPicture.Bmp(9, 9)), "uint8 [n, height, width, 3]");
    }

    static PredictRequest Query() =>
        new() { Id = 0, Text = "a", Tasks = [new TaskEntry { Task = "clip", Type = "textual", ModelName = Text }] };

    static async Task IsToldAsync(TempFolder cache, PredictRequest request, params string[] words)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        MlErrorException told = await Assert.That(() => (Task)daemon.Client.PredictAsync(request)).Throws<MlErrorException>()
            ?? throw new InvalidOperationException("It was answered.");
        await Assert.That(told.Code).IsEqualTo(ErrorCode.ModelUnusable).Because(told.Message);
        foreach (string word in words)
        {
            await Assert.That(told.Message).Contains(word);
        }
    }

    static async Task WithWeightsAsync(TempFolder cache, Func<byte[], byte[]> change)
    {
        string weights = cache.File("clip", Text, "textual", "model.safetensors");
        await File.WriteAllBytesAsync(weights, change(await File.ReadAllBytesAsync(weights)));
    }

    static TempFolder Copy(string from, string task, string name, string type)
    {
        var cache = new TempFolder();
        CopyTo(cache, from, task, name, type);
        return cache;
    }

    static void CopyTo(TempFolder cache, string from, string task, string name, string type)
    {
        string source = Path.Combine(from, task, name);
        foreach (string file in Directory.GetFiles(source).Concat(Directory.GetFiles(Path.Combine(source, type))))
        {
            cache.Write(File.ReadAllBytes(file), task, name, Path.GetRelativePath(source, file));
        }
    }

    static JsonObject Entry(JsonObject head, int index)
    {
        JsonObject[] entries = [.. head.Select(entry => (JsonObject)entry.Value!)];
        return entries[index < 0 ? entries.Length - 1 : index];
    }

    static JsonArray Range(JsonObject head, int index) => (JsonArray)Entry(head, index)["data_offsets"]!;
}

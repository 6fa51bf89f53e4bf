namespace ImmichMl.Tests.Protocol;

/// <summary>A frame of tests/golden/wire, and the canonical one that it means: itself, or for a variant another.</summary>
public sealed record GoldenFrame(string Folder, string Name, string Canonical, bool IsRequest, string Operation, string Message)
{
    static readonly int s_limit = FrameReader.DefaultMaxFrameBytes;

    public static IEnumerable<GoldenFrame> All() => [.. Canonicals(), .. Variants()];

    public static IEnumerable<GoldenFrame> Canonicals()
    {
        using JsonDocument index = Index("canonical");
        return [.. index.RootElement.EnumerateObject().Select(entry => new GoldenFrame(
            "canonical",
            entry.Name,
            entry.Name,
            entry.Value.GetProperty("kind").GetString() == "request",
            entry.Value.GetProperty("op").GetString()!,
            entry.Value.GetProperty("message").GetRawText()))];
    }

    public static IEnumerable<GoldenFrame> Variants()
    {
        var canonicals = Canonicals().ToDictionary(frame => frame.Name);
        using JsonDocument index = Index("variants");
        return [.. index.RootElement.EnumerateObject().Select(entry =>
            canonicals[entry.Value.GetProperty("canonical").GetString()!] with { Folder = "variants", Name = entry.Name })];
    }

    public static JsonDocument Index(string folder) =>
        JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("wire", folder, "index.json")));

    public byte[] Read() => File.ReadAllBytes(Repository.Golden("wire", Folder, $"{Name}.bin"));

    public byte[] ReadCanonical() => File.ReadAllBytes(Repository.Golden("wire", "canonical", $"{Canonical}.bin"));

    /// <summary>The payload of the only frame in <paramref name="bytes"/>.</summary>
    public static ReadOnlySequence<byte> Payload(ReadOnlySequence<byte> bytes) =>
        FrameReader.TryRead(ref bytes, s_limit, out ReadOnlySequence<byte> payload) && bytes.IsEmpty
            ? payload
            : throw new InvalidDataException("It is not one whole frame.");

    public Response ReadResponse(ReadOnlySequence<byte> payload) => Response.Read(payload, _ => ResultReader());

    /// <summary>What our own writer makes of a payload that our own reader has read.</summary>
    public byte[] Rewrite(ReadOnlySequence<byte> payload)
    {
        using FrameWriter frame = IsRequest ? FrameWriter.Encode(Request.Read(payload)) : FrameWriter.Encode(ReadResponse(payload));
        return [.. frame.Head.Span, .. frame.Tail.ToArray()];
    }

    public override string ToString() => $"{Folder}/{Name}";

    ResultReader? ResultReader() => Operation switch
    {
        "ping" or "load" or "unload" => EmptyResult.Read,
        "cancel" => CancelResult.Read,
        "info" => InfoResult.Read,
        "models" => ModelsResult.Read,
        "stats" => StatsResult.Read,
        "predict" => PredictResult.Read,
        "error" => null,
        _ => throw new InvalidDataException($"index.json holds the unknown operation {Operation}."),
    };
}

namespace ImmichMl.Protocol.Messages;

/// <summary>What the models said about one image or text.</summary>
public sealed record PredictResult : Result
{
    /// <summary>Width of the picture in pixels as it is stored (EXIF orientation is not applied), over 0; null for a text.</summary>
    public int? ImageWidth { get; init; }

    /// <summary>Height of the picture in pixels as it is stored, over 0; null for a text.</summary>
    public int? ImageHeight { get; init; }

    /// <summary>
    /// The CLIP model's output as it stands, float32: 512, 768 or as many numbers as the model has dimensions, of whatever L2 norm the
    /// model gives (compare by cosine). Little-endian bytes on the wire, a string that holds a JSON array at the HTTP face. Null when not
    /// asked for.
    /// </summary>
    public float[]? Clip { get; init; }

    /// <summary>The faces, highest score first; null when not asked for, empty when there are none.</summary>
    public IReadOnlyList<FaceResult>? Faces { get; init; }

    /// <summary>The text in the picture; null when not asked for.</summary>
    public OcrResult? Ocr { get; init; }

    /// <summary>Where the time went.</summary>
    public required Timings Timings { get; init; }

    static readonly MapCodec<PredictResult> s_map = new MapCodec<PredictResult>(new() { Timings = new Timings() })
        .Maybe("imageWidth", Codecs.Int32, r => r.ImageWidth, (r, value) => r with { ImageWidth = value })
        .Maybe("imageHeight", Codecs.Int32, r => r.ImageHeight, (r, value) => r with { ImageHeight = value })
        .Maybe("clip", Codecs.Embedding, r => r.Clip, (r, value) => r with { Clip = value })
        .Maybe("facial-recognition", Codecs.ListOf(FaceResult.Map, "A face"), r => r.Faces, (r, value) => r with { Faces = value })
        .Maybe("ocr", OcrResult.Map, r => r.Ocr, (r, value) => r with { Ocr = value })
        .Add("timings", Timings.Map, r => r.Timings, (r, value) => r with { Timings = value });

    internal override void Write(ref MessagePackWriter writer) => s_map.Write(ref writer, this);

    /// <summary>Reads the result's map.</summary>
    public static PredictResult Read(ref MessagePackReader reader) => s_map.Read(ref reader, "result");
}

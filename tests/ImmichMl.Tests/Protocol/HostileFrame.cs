namespace ImmichMl.Tests.Protocol;

/// <summary>Bytes of tests/golden/wire/hostile, and the one answer that they get: none where <paramref name="Code"/> is null.</summary>
public sealed record HostileFrame(string Name, string? Code, ulong Id, bool Closes, int MaxFrameBytes, bool HangUp)
{
    public static IEnumerable<HostileFrame> All()
    {
        using var index = GoldenFrame.Index("hostile");
        return [.. index.RootElement.EnumerateObject().Select(entry => new HostileFrame(
            entry.Name,
            entry.Value.GetProperty("code").GetString(),
            entry.Value.GetProperty("id") is { ValueKind: JsonValueKind.Number } id ? id.GetUInt64() : 0,
            entry.Value.GetProperty("closes").GetBoolean(),
            entry.Value.TryGetProperty("maxFrameBytes", out var limit) ? limit.GetInt32() : FrameReader.DefaultMaxFrameBytes,
            entry.Value.TryGetProperty("hangUp", out var hangUp) && hangUp.GetBoolean()))];
    }

    public byte[] Read() => File.ReadAllBytes(Repository.Golden("wire", "hostile", $"{Name}.bin"));

    public override string ToString() => Name;
}

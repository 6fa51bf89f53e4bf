namespace ImmichMl.Bench;

/// <summary>Bytes as people read them.</summary>
public static class ByteSize
{
    /// <summary>1,234,567 bytes as 1.2 MB.</summary>
    public static string Text(long bytes) => bytes switch
    {
        0 => "-",
        < 1000 => $"{bytes} B",
        < 1_000_000 => $"{bytes / 1e3:0.0} kB",
        < 1_000_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.00} GB",
    };
}

namespace ImmichMl.Protocol.Messages;

/// <summary>How often a model's requests were answered with a code.</summary>
/// <param name="Model">The model.</param>
/// <param name="Code"><c>ok</c> or an error code.</param>
/// <param name="Count">Answers since the start.</param>
public sealed record RequestCount(ModelAddress Model, string Code, long Count)
{
    internal static readonly MapCodec<RequestCount> Map = new MapCodec<RequestCount>(new(ModelAddress.None, "", 0))
        .AddModel(c => c.Model, (c, value) => c with { Model = value })
        .Add("code", Codecs.Name, c => c.Code, (c, value) => c with { Code = value })
        .Add("count", Codecs.Count, c => c.Count, (c, value) => c with { Count = value });
}

/// <summary>Requests that wait.</summary>
/// <param name="Interactive">Of the interactive lane.</param>
/// <param name="Background">Of the background lane.</param>
public readonly record struct QueueDepth(int Interactive, int Background)
{
    internal static readonly MapCodec<QueueDepth> Map = new MapCodec<QueueDepth>(default)
        .Add("interactive", Codecs.Int32, q => q.Interactive, (q, value) => q with { Interactive = value })
        .Add("background", Codecs.Int32, q => q.Background, (q, value) => q with { Background = value });
}

/// <summary>What a lane can have in work, and what it has.</summary>
/// <param name="Capacity">Requests that are worked on at once at most; of the interactive lane where the other is empty.</param>
/// <param name="Busy">Requests in work now.</param>
public readonly record struct LaneUse(int Capacity, int Busy)
{
    internal static readonly MapCodec<LaneUse> Map = new MapCodec<LaneUse>(default)
        .Add("capacity", Codecs.Int32, l => l.Capacity, (l, value) => l with { Capacity = value })
        .Add("busy", Codecs.Int32, l => l.Busy, (l, value) => l with { Busy = value });
}

/// <summary>Both lanes' slots.</summary>
/// <param name="Interactive">Of the interactive lane.</param>
/// <param name="Background">Of the background lane.</param>
public sealed record SlotUse(LaneUse Interactive, LaneUse Background)
{
    internal static readonly MapCodec<SlotUse> Map = new MapCodec<SlotUse>(new(default, default))
        .Add("interactive", LaneUse.Map, s => s.Interactive, (s, value) => s with { Interactive = value })
        .Add("background", LaneUse.Map, s => s.Background, (s, value) => s with { Background = value });
}

/// <summary>The daemon's memory, in bytes.</summary>
/// <param name="RssBytes">Resident.</param>
/// <param name="AnonBytes">Resident and anonymous: what the kernel cannot drop.</param>
/// <param name="ArenaBytes">Held by ONNX Runtime's arenas.</param>
public readonly record struct MemoryUse(long RssBytes, long AnonBytes, long ArenaBytes)
{
    internal static readonly MapCodec<MemoryUse> Map = new MapCodec<MemoryUse>(default)
        .Add("rssBytes", Codecs.Count, m => m.RssBytes, (m, value) => m with { RssBytes = value })
        .Add("anonBytes", Codecs.Count, m => m.AnonBytes, (m, value) => m with { AnonBytes = value })
        .Add("arenaBytes", Codecs.Count, m => m.ArenaBytes, (m, value) => m with { ArenaBytes = value });
}

/// <summary>Answers that are kept for requests that come again.</summary>
/// <param name="Entries">Answers that are kept now.</param>
/// <param name="Bytes">Memory that they take.</param>
/// <param name="Hits">Requests since the start that were answered with one.</param>
/// <param name="Misses">Those that could have been, and were not.</param>
public sealed record ResultCacheUse(int Entries, long Bytes, long Hits, long Misses)
{
    internal static readonly MapCodec<ResultCacheUse> Map = new MapCodec<ResultCacheUse>(new(0, 0, 0, 0))
        .Add("entries", Codecs.Int32, r => r.Entries, (r, value) => r with { Entries = value })
        .Add("bytes", Codecs.Count, r => r.Bytes, (r, value) => r with { Bytes = value })
        .Add("hits", Codecs.Count, r => r.Hits, (r, value) => r with { Hits = value })
        .Add("misses", Codecs.Count, r => r.Misses, (r, value) => r with { Misses = value });
}

/// <summary>A download under way.</summary>
/// <param name="ModelName">The model that is fetched.</param>
/// <param name="Bytes">Bytes that have arrived.</param>
/// <param name="TotalBytes">Bytes to come in all; 0 while that is not known.</param>
public readonly record struct DownloadProgress(string ModelName, long Bytes, long TotalBytes)
{
    internal static readonly MapCodec<DownloadProgress> Map = new MapCodec<DownloadProgress>(new("", 0, 0))
        .Add("modelName", Codecs.Name, d => d.ModelName, (d, value) => d with { ModelName = value })
        .Add("bytes", Codecs.Count, d => d.Bytes, (d, value) => d with { Bytes = value })
        .Add("totalBytes", Codecs.Count, d => d.TotalBytes, (d, value) => d with { TotalBytes = value });
}

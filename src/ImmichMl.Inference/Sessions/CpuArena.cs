namespace ImmichMl.Inference.Sessions;

/// <summary>
/// The one arena from which all sessions take their memory on the CPU, so that a model uses what another has left. What lies free in
/// it is counted and given back here, through a model of one node: ONNX Runtime shrinks an arena at the end of a run and no other way.
/// </summary>
public static unsafe partial class CpuArena
{
    internal const string UsedBySessions = "session.use_env_allocators";

    // Made late: whoever asks before any model what there is to give back would load ONNX Runtime by it.
    static readonly Lazy<OrtMemoryInfo> s_memory =
        new(static () => new(OrtMemoryInfo.allocatorCPU, OrtAllocatorType.ArenaAllocator, 0, OrtMemType.Default));
    static readonly Lock s_lock = new();

    // A page of text takes 300 MB: fetched anew once a minute it costs nothing, at every run 48,000 page faults.
    static readonly RecentNeed s_need = new(32 * 1024 * 1024, TimeSpan.FromMinutes(1), TimeProvider.System);
    static readonly Lazy<InferenceSession> s_session = new(Open);

    // The arena's allocator as that session sees it: the environment's own has no statistics.
    static readonly Lazy<OrtAllocator> s_allocator = new(static () => new OrtAllocator(s_session.Value, s_memory.Value));
    static readonly Lazy<nint> s_api = new(static () => ApiOf(ApiVersion));
    static volatile bool s_isThere;

    /// <summary>Bytes that the arena holds, in use or not; 0 before the first model.</summary>
    public static long Held => Statistic("TotalAllocated");

    static long Free => Statistic("TotalAllocated") - Statistic("InUse");

    internal static void Register(OrtEnv environment)
    {
        using var standard = new OrtArenaCfg(0, -1, -1, -1);
        environment.CreateAndRegisterAllocator(s_memory.Value, standard);
        s_isThere = true;
    }

    /// <summary>Gives back what lies free. Runs that go on meanwhile keep what they have.</summary>
    public static void Shrink()
    {
        lock (s_lock)
        {
            s_need.Restart();
            if (Free > 0)
            {
                Run();
            }
        }
    }

    /// <summary>After a run: as <see cref="Shrink"/>, where more than so many bytes lie free or nobody may need them any more.</summary>
    internal static void ShrinkOver(long keep)
    {
        long free = Free;
        if (free == 0)
        {
            return;
        }

        lock (s_lock)
        {
            if (s_need.IsPast(free, keep) && Free > 0)
            {
                s_need.Restart();
                Run();
            }
        }
    }

    /// <summary>x → Identity → y.</summary>
    static InferenceSession Open()
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        options.AddSessionConfigEntry(UsedBySessions, "1");
        return new InferenceSession(Model(), options);
    }

    static void Run()
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(new float[1], [1]);
        using var run = new RunOptions();
        run.AddRunConfigEntry("memory.enable_memory_arena_shrinkage", "cpu:0");

        // Not out of the arena: there it would keep the block that it lies in, and with it as much as the first run has taken.
        using OrtValue output = OrtValue.CreateTensorValueFromMemory(new float[1], [1]);
        s_session.Value.Run(run, ["x"], [input], ["y"], [output]);
    }

    /// <summary>One of AllocatorStats' numbers; 0 where this ONNX Runtime does not tell.</summary>
    static long Statistic(string name)
    {
        nint* api = s_isThere ? (nint*)s_api.Value : null;
        if (api is null)
        {
            return 0;
        }

        void* pairs;
        var getStatistics = (delegate* unmanaged<nint, void**, nint>)api[AllocatorGetStats];
        if (getStatistics(s_allocator.Value.DangerousGetHandle(), &pairs) is not 0 and var status)
        {
            ((delegate* unmanaged<nint, void>)api[ReleaseStatus])(status);
            return 0;
        }

        nint key = Marshal.StringToCoTaskMemUTF8(name);
        string? value = Marshal.PtrToStringUTF8(((delegate* unmanaged<void*, nint, nint>)api[GetKeyValue])(pairs, key));
        Marshal.FreeCoTaskMem(key);
        ((delegate* unmanaged<void*, void>)api[ReleaseKeyValuePairs])(pairs);
        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
    }

    // The C API's table of functions only ever grows at its end; 23 is the first version with statistics. The managed binding has no
    // call for them.
    const uint ApiVersion = 23;
    const int ReleaseStatus = 93;
    const int GetKeyValue = 297;
    const int ReleaseKeyValuePairs = 300;
    const int AllocatorGetStats = 319;

    static nint ApiOf(uint version)
    {
        try
        {
            return ((delegate* unmanaged<uint, nint>)GetApiBase()[0])(version);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return 0; // A build that goes by another soname.
        }
    }

    /// <summary>By its soname: the library that the managed binding has loaded, wherever it lies.</summary>
    [LibraryImport("libonnxruntime.so.1", EntryPoint = "OrtGetApiBase")]
    private static partial nint* GetApiBase();

    /// <summary>The bytes of that model, by onnx.proto's field numbers.</summary>
    static byte[] Model()
    {
        byte[] node = [.. Field(1, "x"u8), .. Field(2, "y"u8), .. Field(4, "Identity"u8)];
        byte[] graph = [.. Field(1, node), .. Field(2, "g"u8), .. Field(11, Value("x"u8)), .. Field(12, Value("y"u8))];
        return [8, 8, .. Field(7, graph), .. Field(8, [.. Field(1, ""u8), 16, 13])];
    }

    /// <summary>A float tensor of one axis of length 1.</summary>
    static byte[] Value(ReadOnlySpan<byte> name) => [.. Field(1, name), .. Field(2, Field(1, [8, 1, .. Field(2, Field(1, [8, 1]))]))];

    static byte[] Field(int number, ReadOnlySpan<byte> content) => [(byte)((number << 3) | 2), (byte)content.Length, .. content];
}

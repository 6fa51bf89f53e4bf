using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Accelerators;

/// <summary>A Rockchip NPU. Its models are <c>rknpu/CHIP/model.rknn</c> beside model.onnx.</summary>
sealed class RknnRuntime(RknnLibrary library, string chip, DeviceOptions options) : NpuRuntime
{
    public const string Provider = "rknn";

    const string DeviceTree = "/proc/device-tree/compatible";

    static readonly string[] s_chips = ["rk3566", "rk3568", "rk3576", "rk3588"];

    public override ExecutionDevice Device { get; } = new(Provider, 0, $"{chip} NPU");

    protected override string FileName => Path.Combine("rknpu", chip, "model.rknn");

    /// <summary>Null where there is no such hardware or library; then <paramref name="cause"/> says which.</summary>
    public static RknnRuntime? TryFind(DeviceOptions options, out string cause)
    {
        if ((options.RknnSoc.Length > 0 ? options.RknnSoc : ChipOf(DeviceTree)) is not { } chip)
        {
            cause = $"{DeviceTree} names none of {string.Join(", ", s_chips)}";
            return null;
        }

        try
        {
            cause = "";
            return new RknnRuntime(new RknnLibrary(RknnLibrary.FileName), chip, options);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            cause = e.Message;
            return null;
        }
    }

    internal static string? ChipOf(string deviceTree)
    {
        try
        {
            string compatible = File.Exists(deviceTree) ? Encoding.ASCII.GetString(File.ReadAllBytes(deviceTree)) : "";
            return s_chips.FirstOrDefault(chip => compatible.Contains(chip, StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public override ModelSession Load(ModelKey key, string path)
    {
        var contexts = new List<ulong>();
        try
        {
            contexts.Add(library.Open(path));
            while (contexts.Count < options.RknnThreads)
            {
                contexts.Add(library.Duplicate(contexts[0]));
            }

            // Chips with one core refuse any mask.
            if (chip is "rk3576" or "rk3588")
            {
                contexts.ForEach(context => library.SetCores(context, options.RknnCoreMask));
            }

            return new RknnSession(key, library, contexts);
        }
        catch (InvalidDataException e)
        {
            contexts.ForEach(library.Close);
            throw key.Unusable($"does not load on the NPU: {path}: {e.Message}.", e);
        }
    }
}

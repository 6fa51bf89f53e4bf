using System.Runtime.Intrinsics.X86;
using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging;

/// <summary>What a pixel loop runs in. All give the same bytes; a later one is the faster.</summary>
enum KernelPath
{
    /// <summary>Byte by byte: what the others are compared with. No machine that a release starts on takes it.</summary>
    Scalar,

    /// <summary>128 bits: SSSE3, which every x86-64-v2 has, or NEON, which every arm64 has.</summary>
    Vector,

    /// <summary>256 bits: AVX2 by <see cref="WideKernels"/>.</summary>
    Wide,
}

static class KernelPaths
{
    /// <summary>What this machine and this build can run; the best stands last.</summary>
    public static IReadOnlyList<KernelPath> Available { get; } =
    [
        KernelPath.Scalar,
        .. AdvSimd.Arm64.IsSupported || Ssse3.IsSupported ? [KernelPath.Vector] : Array.Empty<KernelPath>(),
        .. WideKernels.IsSupported ? [KernelPath.Wide] : Array.Empty<KernelPath>(),
    ];

    public static KernelPath Best { get; } = Available[^1];

    /// <summary>The kernel that last filtered along rows on this thread, by its own account: a lesser one gives the same bytes.</summary>
    [field: ThreadStatic]
    public static KernelPath? LastAcross { get; set; }

    /// <summary>The same down the columns.</summary>
    [field: ThreadStatic]
    public static KernelPath? LastDown { get; set; }
}

using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Warping;

/// <summary>Which instructions a pixel loop is written in. All of them give the same bytes; a later one is the wider.</summary>
enum PixelPath
{
    Scalar,
    AdvSimd,
    Ssse3,
    Avx2,
}

static class PixelPaths
{
    /// <summary>What this machine and this build can run; the best stands last.</summary>
    public static IReadOnlyList<PixelPath> Available { get; } =
    [
        PixelPath.Scalar,
        .. AdvSimd.Arm64.IsSupported ? [PixelPath.AdvSimd] : Array.Empty<PixelPath>(),
        .. Ssse3.IsSupported ? [PixelPath.Ssse3] : Array.Empty<PixelPath>(),
        .. WideKernels.IsSupported ? [PixelPath.Avx2] : Array.Empty<PixelPath>(),
    ];

    public static PixelPath Best => Available[^1];

    /// <summary>The path with vectors of 128 bits, where there is one.</summary>
    public static PixelPath Narrow => AdvSimd.Arm64.IsSupported ? PixelPath.AdvSimd : Ssse3.IsSupported ? PixelPath.Ssse3 : PixelPath.Scalar;
}

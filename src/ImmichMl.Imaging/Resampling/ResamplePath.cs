using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging.Resampling;

/// <summary>The instruction sets that a kernel is written for. All give the same bytes.</summary>
enum ResamplePath
{
    Scalar,
    Ssse3,
    Avx2,
    Neon,
}

static class ResamplePaths
{
    /// <summary>
    /// The fastest that this build may use. Compiled ahead of time IsSupported is a constant: without an instruction set asked for
    /// Avx2 is false whatever the processor.
    /// </summary>
    public static ResamplePath Best =>
        Avx2.IsSupported ? ResamplePath.Avx2
        : AdvSimd.Arm64.IsSupported ? ResamplePath.Neon
        : Ssse3.IsSupported ? ResamplePath.Ssse3
        : ResamplePath.Scalar;

    public static bool IsSupported(ResamplePath path) => path switch
    {
        ResamplePath.Scalar => true,
        ResamplePath.Ssse3 => Ssse3.IsSupported,
        ResamplePath.Avx2 => Avx2.IsSupported,
        ResamplePath.Neon => AdvSimd.Arm64.IsSupported,
        _ => false,
    };
}

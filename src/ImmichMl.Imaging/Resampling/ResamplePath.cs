using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using ImmichMl.Imaging.Wide;

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
    /// <summary>The fastest that this build and this machine can run.</summary>
    public static ResamplePath Best =>
        WideKernels.IsSupported ? ResamplePath.Avx2
        : AdvSimd.Arm64.IsSupported ? ResamplePath.Neon
        : Ssse3.IsSupported ? ResamplePath.Ssse3
        : ResamplePath.Scalar;

    public static bool IsSupported(ResamplePath path) => path switch
    {
        ResamplePath.Scalar => true,
        ResamplePath.Ssse3 => Ssse3.IsSupported,
        ResamplePath.Avx2 => WideKernels.IsSupported,
        ResamplePath.Neon => AdvSimd.Arm64.IsSupported,
        _ => false,
    };
}

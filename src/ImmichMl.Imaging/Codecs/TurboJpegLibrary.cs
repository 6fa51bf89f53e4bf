namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// The part of libjpeg-turbo's TurboJPEG API that decoding needs, as version 2.1 has it and 3 has kept it. Loaded with the first JPEG.
/// </summary>
static unsafe class TurboJpegLibrary
{
    public const string FileName = "libturbojpeg.so.0";

    /// <summary>TJPF_RGB and TJPF_CMYK.</summary>
    public const int Rgb = 0, Cmyk = 11;

    /// <summary>TJCS_CMYK and TJCS_YCCK.</summary>
    public const int SpaceCmyk = 3, SpaceYcck = 4;

    /// <summary>TJFLAG_STOPONWARNING: gray fill for missing data is only a warning there.</summary>
    public const int StopOnWarning = 8192;

    /// <summary>TJERR_WARNING: all rows came out.</summary>
    public const int Warning = 0;

    static readonly Lazy<Entries?> s_entries = new(Load);

    public sealed class Entries
    {
        public required delegate* unmanaged[Cdecl]<nint> Init { get; init; }

        public required delegate* unmanaged[Cdecl]<nint, byte*, CULong, int*, int*, int*, int*, int> Header { get; init; }

        public required delegate* unmanaged[Cdecl]<nint, byte*, CULong, byte*, int, int, int, int, int, int> Decompress { get; init; }

        public required delegate* unmanaged[Cdecl]<nint, int> Destroy { get; init; }

        public required delegate* unmanaged[Cdecl]<nint, int> Error { get; init; }
    }

    /// <summary>Null where the library does not load or lacks a function.</summary>
    public static Entries? Functions => s_entries.Value;

    /// <summary>Null while it has not been needed.</summary>
    public static bool? IsLoaded => s_entries.IsValueCreated ? s_entries.Value is not null : null;

    static Entries? Load()
    {
        if (!NativeLibrary.TryLoad(FileName, out var library))
        {
            return null;
        }

        return NativeLibrary.TryGetExport(library, "tjInitDecompress", out var init)
            && NativeLibrary.TryGetExport(library, "tjDecompressHeader3", out var header)
            && NativeLibrary.TryGetExport(library, "tjDecompress2", out var decompress)
            && NativeLibrary.TryGetExport(library, "tjDestroy", out var destroy)
            && NativeLibrary.TryGetExport(library, "tjGetErrorCode", out var error)
            ? new Entries
            {
                Init = (delegate* unmanaged[Cdecl]<nint>)init,
                Header = (delegate* unmanaged[Cdecl]<nint, byte*, CULong, int*, int*, int*, int*, int>)header,
                Decompress = (delegate* unmanaged[Cdecl]<nint, byte*, CULong, byte*, int, int, int, int, int, int>)decompress,
                Destroy = (delegate* unmanaged[Cdecl]<nint, int>)destroy,
                Error = (delegate* unmanaged[Cdecl]<nint, int>)error,
            }
            : null;
    }
}

namespace ImmichMl.Imaging;

/// <summary>How a picture becomes the square that CLIP sees: resize_mode of preprocess_cfg.json.</summary>
public enum ClipResizeMode
{
    /// <summary>The shorter side to the size, then the middle square (<see cref="CenterCrop"/>).</summary>
    Shortest,

    /// <summary>Straight to the square, whatever the shape.</summary>
    Squash,
}

/// <summary>The geometry of CLIP's preprocessing in Immich 3.3, which takes mode and filter from preprocess_cfg.json.</summary>
public static class ClipResize
{
    /// <summary>The size to resize to, and the square of it that is wanted; all in pixels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side or the size is under 1.</exception>
    /// <exception cref="OverflowException">The longer side would pass 31 bits.</exception>
    public static (int Width, int Height, PixelRectangle Region) Plan(int width, int height, int size, ClipResizeMode mode)
    {
        var shortest = CenterCrop.Plan(width, height, mode == ClipResizeMode.Squash ? 1 : size);
        return mode == ClipResizeMode.Squash ? (size, size, new(0, 0, size, size)) : shortest;
    }

    /// <summary>resize_mode in the words of preprocess_cfg.json; an absent one is <see cref="ClipResizeMode.Shortest"/>.</summary>
    /// <returns>False where it is another word, which is an error at the first request.</returns>
    public static bool TryParseMode(string? word, out ClipResizeMode mode)
    {
        mode = word == "squash" ? ClipResizeMode.Squash : ClipResizeMode.Shortest;
        return word is null or "shortest" or "squash";
    }

    /// <summary>interpolation in the words of preprocess_cfg.json, in any case; it must be there.</summary>
    /// <returns>False where it is no filter of Pillow's.</returns>
    public static bool TryParseFilter(string? word, out ResampleFilter filter)
    {
        ResampleFilter? found = word?.ToLowerInvariant() switch
        {
            "nearest" => ResampleFilter.Nearest,
            "box" => ResampleFilter.Box,
            "bilinear" => ResampleFilter.Bilinear,
            "hamming" => ResampleFilter.Hamming,
            "bicubic" => ResampleFilter.Bicubic,
            "lanczos" => ResampleFilter.Lanczos,
            _ => null,
        };
        filter = found ?? default;
        return found is not null;
    }
}

using System.ComponentModel.DataAnnotations;
using ImmichMl.Imaging.Codecs;

namespace ImmichMl.Imaging;

/// <summary>What one image may cost. Checked on the header, before any decoder sees a byte.</summary>
public sealed class ImageLimits
{
    // A decode holds 4 bytes a pixel in one span, and a span counts its bytes in 31 bits.
    const double MostPixels = 500_000_000;

    const double MostBytes = 1 << 30;

    /// <summary>
    /// The most pixels, width times height, that an image may have. Decoding takes 4 bytes for each, and a progressive JPEG up to 8 more.
    /// </summary>
    [Display(Name = "MACHINE_LEARNING_MAX_IMAGE_PIXELS", Description = "The most pixels (width times height) that an image may have.")]
    [Range(1d, MostPixels)]
    public long MaxPixels { get; set; } = 100_000_000;

    /// <summary>The most bytes that an encoded image may have.</summary>
    [Display(Name = "MACHINE_LEARNING_MAX_IMAGE_BYTES", Description = "The most bytes that an encoded image may have.")]
    [Range(1d, MostBytes)]
    public int MaxBytes { get; set; } = 128 * 1024 * 1024;

    /// <summary>auto, skia, turbo or managed.</summary>
    [Display(Name = "MACHINE_LEARNING_CODEC", Description = "What decodes pictures: auto, skia, turbo or managed")]
    [AllowedValues("auto", "skia", "turbo", "managed", ErrorMessage = "{0} is not auto, skia, turbo or managed.")]
    public string Codec { get; set; } = "auto";

    /// <summary><see cref="Codec"/> as a value.</summary>
    public CodecChoice ChosenCodec => Codec switch
    {
        "skia" => CodecChoice.Skia,
        "turbo" => CodecChoice.Turbo,
        "managed" => CodecChoice.Managed,
        _ => CodecChoice.Auto,
    };
}

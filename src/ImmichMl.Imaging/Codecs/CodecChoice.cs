namespace ImmichMl.Imaging.Codecs;

/// <summary>Which decoder reads the pictures.</summary>
public enum CodecChoice
{
    /// <summary>libjpeg-turbo for JPEG where it loads, Skia for the rest, the managed codec where Skia does not load.</summary>
    Auto,

    /// <summary>Skia alone.</summary>
    Skia,

    /// <summary>As Auto, but a libjpeg-turbo that does not load is an error.</summary>
    Turbo,

    /// <summary>Managed code alone: JPEG, PNG, GIF and BMP.</summary>
    Managed,
}

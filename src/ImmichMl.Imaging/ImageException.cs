namespace ImmichMl.Imaging;

/// <summary>Why an image was refused. Each value is one error code of the wire.</summary>
public enum ImageFault
{
    /// <summary>No bytes, or a side of no pixels.</summary>
    Empty,

    /// <summary>Truncated, damaged or contradicting itself.</summary>
    Unreadable,

    /// <summary>Of a format, or a kind of a format, that is not read.</summary>
    Unsupported,

    /// <summary>Past a limit in bytes, pixels or work.</summary>
    TooLarge,
}

/// <summary>The image is at fault, not the program; the message may be shown to its sender.</summary>
public sealed class ImageException(ImageFault fault, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public ImageFault Fault { get; } = fault;

    internal static ImageException Empty(string message) => new(ImageFault.Empty, message);

    internal static ImageException Unreadable(string message) => new(ImageFault.Unreadable, message);

    internal static ImageException Unsupported(string message) => new(ImageFault.Unsupported, message);

    internal static ImageException Damaged(in ImageHeader header) => Unreadable($"The {header.Format} is truncated or damaged.");

    internal static ImageException TooLarge(string message) => new(ImageFault.TooLarge, message);
}

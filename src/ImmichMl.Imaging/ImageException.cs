namespace ImmichMl.Imaging;

/// <summary>Why an image was refused. Each value is one error code of the wire.</summary>
public enum ImageFault
{
    Empty,
    Unreadable,
    Unsupported,
    TooLarge,
}

/// <summary>The image is at fault, not the program; the message may be shown to whoever sent it.</summary>
public sealed class ImageException(ImageFault fault, string message) : Exception(message)
{
    public ImageFault Fault { get; } = fault;

    internal static ImageException Empty(string message) => new(ImageFault.Empty, message);

    internal static ImageException Unreadable(string message) => new(ImageFault.Unreadable, message);

    internal static ImageException Unsupported(string message) => new(ImageFault.Unsupported, message);

    internal static ImageException Damaged(in ImageHeader header) => Unreadable($"The {header.Format} is truncated or damaged.");

    internal static ImageException TooLarge(string message) => new(ImageFault.TooLarge, message);
}

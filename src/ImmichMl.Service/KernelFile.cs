using Microsoft.Win32.SafeHandles;

namespace ImmichMl.Service;

/// <summary>The kernel's small files of numbers, read without garbage: some are looked at each second, also while all is quiet.</summary>
static class KernelFile
{
    /// <summary>Bytes that the longest of them has, and more: memory.stat's 2,000.</summary>
    public const int MostBytes = 8192;

    /// <summary>What stands in it, as far as it fits; nothing where it is not there or may not be read.</summary>
    public static ReadOnlySpan<byte> Read(string file, Span<byte> into)
    {
        try
        {
            // Most are not there: a look is cheaper than an exception.
            if (!File.Exists(file))
            {
                return [];
            }

            using SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            int length = 0;
            while (length < into.Length && RandomAccess.Read(handle, into[length..], length) is > 0 and var read)
            {
                length += read;
            }

            return into[..length];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The number that a file consists of; null for words such as "max".</summary>
    public static long? Whole(string file)
    {
        ReadOnlySpan<byte> text = Read(file, stackalloc byte[64]);
        return Leading(text, out int digits) is { } number && text[digits..].Trim("\n "u8).IsEmpty ? number : null;
    }

    /// <summary>The number behind a name at a line's beginning.</summary>
    public static long? Number(string file, ReadOnlySpan<byte> name) => Number(Read(file, stackalloc byte[MostBytes]), name);

    /// <summary>The same, of what was read.</summary>
    public static long? Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            if (line.StartsWith(name) && line.Length > name.Length && line[name.Length] == ' ')
            {
                return Leading(line[name.Length..].TrimStart(" "u8), out _);
            }

            text = end < 0 ? [] : text[(end + 1)..];
        }

        return null;
    }

    /// <summary>A number with a point, as it stands behind these words and in front of a blank; 0 where there is none.</summary>
    public static double Percent(ReadOnlySpan<byte> text, ReadOnlySpan<byte> before)
    {
        int start = text.IndexOf(before);
        ReadOnlySpan<byte> rest = start < 0 ? [] : text[(start + before.Length)..];
        if (Leading(rest, out int digits) is not { } whole || digits >= rest.Length)
        {
            return 0;
        }

        if (rest[digits] != '.')
        {
            return rest[digits] == ' ' ? whole : 0;
        }

        rest = rest[(digits + 1)..];
        return Leading(rest, out digits) is { } part && digits < rest.Length && rest[digits] == ' '
            ? whole + (part / Math.Pow(10, digits)) : 0;
    }

    /// <summary>The digits at the beginning; null where there are none, or more than fit.</summary>
    static long? Leading(ReadOnlySpan<byte> text, out int digits)
    {
        long number = 0;
        for (digits = 0; digits < text.Length && text[digits] is >= (byte)'0' and <= (byte)'9'; digits++)
        {
            int digit = text[digits] - '0';
            if (number > (long.MaxValue - digit) / 10)
            {
                return null;
            }

            number = (number * 10) + digit;
        }

        return digits > 0 ? number : null;
    }
}

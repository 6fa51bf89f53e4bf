using System.Buffers;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace ImmichMl.Gateway;

/// <summary>
/// The form of /predict, read as it streams in: fields in any order, the last of a name counts, other fields are skipped. The picture's
/// bytes stay in memory and never touch a file.
/// </summary>
sealed class PredictForm : IDisposable
{
    const int MaxFieldBytes = 1024 * 1024 + 64 * 1024;
    const int MaxBoundary = 256;

    /// <summary>Null or empty: not given.</summary>
    public byte[]? Entries { get; private set; }

    public PooledBytes? Image { get; private set; }

    public string? Text { get; private set; }

    /// <exception cref="HttpFault">It is malformed or over a limit.</exception>
    public static async Task<PredictForm> ReadAsync(HttpRequest request, GatewayOptions options, Upload upload)
    {
        var form = new PredictForm();
        try
        {
            if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
            {
                return form;
            }

            if (type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            {
                await form.ReadPartsAsync(upload, BoundaryOf(type), options, request.HttpContext.RequestAborted);
            }
            else if (type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
            {
                await form.ReadUrlEncodedAsync(upload, request.HttpContext.RequestAborted);
            }

            return form;
        }
        catch (Exception e)
        {
            form.Dispose();
            throw e is (IOException or InvalidDataException) and not BadHttpRequestException
                && !request.HttpContext.RequestAborted.IsCancellationRequested
                ? HttpFault.Malformed("There was an error parsing the body")
                : e;
        }
    }

    static string BoundaryOf(MediaTypeHeaderValue type)
    {
        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= MaxBoundary ? boundary : throw HttpFault.Malformed("Missing boundary in multipart.");
    }

    async Task ReadPartsAsync(Upload upload, string boundary, GatewayOptions options, CancellationToken aborted)
    {
        var reader = new MultipartReader(boundary, upload.Body, 16 * 1024) { HeadersCountLimit = 16, HeadersLengthLimit = 16 * 1024 };
        for (int parts = 0; await reader.ReadNextSectionAsync(aborted) is { } section; parts++)
        {
            if (parts == options.MaxParts)
            {
                throw HttpFault.Malformed($"Too many parts. Maximum number of parts is {options.MaxParts}.");
            }

            PartName part = PartName.Read(section.ContentDisposition);
            switch (part.Name)
            {
                case "image":
                    Image?.Dispose();
                    Image = new PooledBytes(upload);
                    await Image.FillAsync(section.Body, options.MaxBodyBytes, "The image is too large.", aborted);
                    if (Image.Length == 0 && !part.HasFileName)
                    {
                        // An empty field, not an empty file: the original takes it for not given.
                        Image.Dispose();
                        Image = null;
                    }

                    break;
                case "entries":
                    Entries = await FieldAsync(section.Body, upload, aborted);
                    break;
                case "text":
                    Text = Encoding.UTF8.GetString(await FieldAsync(section.Body, upload, aborted));
                    break;
            }
        }
    }

    async Task ReadUrlEncodedAsync(Upload upload, CancellationToken aborted)
    {
        byte[] body = await FieldAsync(upload.Body, upload, aborted);
        foreach (var field in new QueryStringEnumerable($"?{Encoding.UTF8.GetString(body)}"))
        {
            string value = field.DecodeValue().ToString();
            if (field.DecodeName().Span is "entries")
            {
                Entries = Encoding.UTF8.GetBytes(value);
            }
            else if (field.DecodeName().Span is "text")
            {
                Text = value;
            }
        }
    }

    static async Task<byte[]> FieldAsync(Stream body, Upload upload, CancellationToken cancellation)
    {
        using var bytes = new PooledBytes(upload);
        await bytes.FillAsync(body, MaxFieldBytes, $"A field is over the limit of {MaxFieldBytes} bytes.", cancellation);
        return bytes.AsSequence().ToArray();
    }

    public void Dispose()
    {
        Image?.Dispose();
        Image = null;
    }
}

using System.Security.Cryptography;
using System.Text;

namespace ImmichMl.Daemon.Results;

/// <summary>
/// All that an answer follows from, as a SHA-256: who can choose the bytes of a picture must not be able to choose its answer.
/// </summary>
/// <param name="Hash">64 hexadecimal digits.</param>
readonly record struct ResultKey(string Hash)
{
    /// <summary>Of a picture's bytes.</summary>
    public static ResultKey OfPicture(ReadOnlySpan<byte> bytes) => Of(SHA256.HashData(bytes));

    /// <summary>Of a query.</summary>
    public static ResultKey OfText(string text) => Of(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <param name="content">Of the picture or the query.</param>
    /// <param name="isPicture">Which of the two: a text may be the bytes of a picture.</param>
    /// <param name="settings">What all answers of this daemon follow from, without line breaks.</param>
    /// <param name="tasks">In the order in which they are done.</param>
    /// <param name="answering">For each the files and the precision that answer.</param>
    public static ResultKey Of(
        ResultKey content, bool isPicture, string settings, IReadOnlyList<PlannedTask> tasks, IReadOnlyList<string> answering)
    {
        // Names hold no line breaks (ModelKey) and numbers none either; what peers and file systems may choose has its length in front.
        var told = new StringBuilder();
        told.Append(CultureInfo.InvariantCulture, $"{content.Hash} {(isPicture ? "picture" : "text")} {settings}\n");
        for (int i = 0; i < tasks.Count; i++)
        {
            TaskArguments asked = tasks[i].Arguments;
            string language = asked.Language ?? "-";
            told.Append(
                CultureInfo.InvariantCulture,
                $"{tasks[i].Key}\n{asked.MinScore:R} {asked.MaxResolution} {asked.ScoreMode} "
                    + $"{(asked.Language is null ? -1 : language.Length)} {language}\n{answering[i].Length} {answering[i]}\n");
        }

        return Of(SHA256.HashData(Encoding.UTF8.GetBytes(told.ToString())));
    }

    static ResultKey Of(byte[] hash) => new(Convert.ToHexStringLower(hash));
}

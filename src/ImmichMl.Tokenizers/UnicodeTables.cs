namespace ImmichMl.Tokenizers;

/// <summary>
/// Answers of Hugging Face's tokenizers about one code point, where the Rust crates do not agree with .NET's Unicode version.
/// </summary>
[Flags]
enum CodePointFlags : byte
{
    Combining = 1,
    NonSpacingMark = 2,
    BertRemoved = 4,
    BertSpace = 8,
    Punctuation = 16,
    Numeric = 32,
    Word = 64,
    WhiteSpace = 128,
}

/// <summary>
/// unicode.bin in memory: categories, flags, combining classes, decompositions and lower case as the original sees them. Made by
/// tests/golden/tokenizers/make-unicode.mjs; .NET's own tables are newer, and normalization does nothing in invariant mode.
/// </summary>
static class UnicodeTables
{
    static readonly UnicodeCategory[] _categories =
    [
        UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter,
        UnicodeCategory.OtherLetter, UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.EnclosingMark,
        UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.OtherNumber, UnicodeCategory.SpaceSeparator,
        UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator, UnicodeCategory.Control, UnicodeCategory.Format,
        UnicodeCategory.Surrogate, UnicodeCategory.PrivateUse, UnicodeCategory.ConnectorPunctuation, UnicodeCategory.DashPunctuation,
        UnicodeCategory.OpenPunctuation, UnicodeCategory.ClosePunctuation, UnicodeCategory.InitialQuotePunctuation,
        UnicodeCategory.FinalQuotePunctuation, UnicodeCategory.OtherPunctuation, UnicodeCategory.MathSymbol, UnicodeCategory.CurrencySymbol,
        UnicodeCategory.ModifierSymbol, UnicodeCategory.OtherSymbol, UnicodeCategory.OtherNotAssigned,
    ];

    static readonly int[] _starts;
    static readonly (UnicodeCategory Category, CodePointFlags Flags, byte Class)[] _properties;

    static UnicodeTables()
    {
        using Stream resource = typeof(UnicodeTables).Assembly.GetManifestResourceStream("tokenizers/unicode.bin")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        int at = 0;
        int runs = Varint(bytes, ref at);
        _starts = new int[runs];
        _properties = new (UnicodeCategory, CodePointFlags, byte)[runs];
        for (int i = 0, start = 0; i < runs; i++)
        {
            _starts[i] = start;
            start += Varint(bytes, ref at);
            _properties[i] = (_categories[bytes[at]], (CodePointFlags)bytes[at + 1], bytes[at + 2]);
            at += 3;
        }

        Canonical = ReadMap(bytes, ref at, Compositions);
        Compatible = ReadMap(bytes, ref at, null);
        Lower = ReadMap(bytes, ref at, null);
    }

    public static Dictionary<int, int[]> Canonical { get; }

    /// <summary>Only where it differs from <see cref="Canonical"/>.</summary>
    public static Dictionary<int, int[]> Compatible { get; }

    public static Dictionary<int, int[]> Lower { get; }

    /// <summary>Pair of code points to the one they compose to; Hangul goes by formula.</summary>
    public static Dictionary<(int First, int Second), int> Compositions { get; } = [];

    public static UnicodeCategory Category(int point) => _properties[Run(point)].Category;

    public static byte CombiningClass(int point) => point < 0x300 ? (byte)0 : _properties[Run(point)].Class;

    public static bool Has(int point, CodePointFlags flags) => (_properties[Run(point)].Flags & flags) != 0;

    static int Run(int point)
    {
        int found = Array.BinarySearch(_starts, point);
        return found >= 0 ? found : ~found - 1;
    }

    static int Varint(byte[] bytes, ref int at)
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            value |= (next & 127) << shift;
            if (next < 128)
            {
                return value;
            }
        }
    }

    static Dictionary<int, int[]> ReadMap(byte[] bytes, ref int at, Dictionary<(int, int), int>? compositions)
    {
        int count = Varint(bytes, ref at);
        var map = new Dictionary<int, int[]>(count);
        var composing = new List<int>();
        for (int i = 0, point = 0; i < count; i++)
        {
            point += Varint(bytes, ref at);
            int head = Varint(bytes, ref at);
            var to = new int[head >> 1];
            for (int k = 0; k < to.Length; k++)
            {
                to[k] = Varint(bytes, ref at);
            }

            map.Add(point, to);
            if ((head & 1) != 0 && to.Length > 1)
            {
                composing.Add(point);
            }
        }

        if (compositions is not null)
        {
            AddCompositions(map, composing, compositions);
        }

        return map;
    }

    /// <summary>
    /// The full decomposition of a composite is that of another one and a last mark: the other one is the pair's first half.
    /// </summary>
    static void AddCompositions(Dictionary<int, int[]> map, List<int> composing, Dictionary<(int, int), int> compositions)
    {
        Dictionary<string, int> byDecomposition = composing.ToDictionary(point => string.Join(' ', map[point]), point => point);
        foreach (int point in composing)
        {
            int[] full = map[point];
            string shorter = string.Join(' ', full[..^1]);
            int first = full.Length == 2 ? full[0] : byDecomposition.GetValueOrDefault(shorter, -1);
            if (first >= 0)
            {
                compositions[(first, full[^1])] = point;
            }
        }
    }
}

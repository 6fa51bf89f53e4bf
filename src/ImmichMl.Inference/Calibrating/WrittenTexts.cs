namespace ImmichMl.Inference.Calibrating;

/// <summary>Queries to try text models with, put together from a number: single words, short phrases and whole sentences.</summary>
public static class WrittenTexts
{
    static readonly string[] s_things =
    [
        "dog", "cat", "child", "old man", "bicycle", "red car", "sailing boat", "birthday cake", "mountain", "guitar", "tree", "train",
        "bride", "football", "horse", "plate of food", "castle", "snowman", "passport", "lighthouse", "butterfly", "grandmother",
        "receipt", "waterfall", "tent",
    ];

    static readonly string[] s_looks =
        ["small", "smiling", "blurred", "colourful", "black and white", "broken", "sleeping", "wet", "golden", "huge"];

    static readonly string[] s_places =
    [
        "on the beach", "at night", "in the snow", "in the kitchen", "under a bridge", "in front of a church", "in the garden",
        "at the airport", "on a table", "in the rain", "beside a lake", "in Paris", "at a wedding",
    ];

    static readonly string[] s_frames =
    [
        "{1}", "{0} {1}", "a {0} {1} {2}", "{1} {2}", "a photo of a {1}", "screenshot of a {1}, 2019",
        "two people and a {0} {1} {2}, seen from far away while the sun goes down", "{1} and {3}", "close-up of a {0} {1} {2}",
    ];

    /// <summary>The same number gives the same text everywhere; from 0 to 224 they are all different.</summary>
    public static string Write(int number) => string.Format(
        CultureInfo.InvariantCulture, s_frames[number % s_frames.Length], At(s_looks, number * 7), At(s_things, number),
        At(s_places, number * 5), At(s_things, (number * 11) + 3));

    static string At(string[] words, int place) => words[place % words.Length];
}

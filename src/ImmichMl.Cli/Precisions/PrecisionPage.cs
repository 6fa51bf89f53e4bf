using System.Net;
using System.Text;
using ImmichMl.Inference;

namespace ImmichMl.Cli.Precisions;

/// <summary>
/// A comparison of two precisions as one HTML page for people who know neither: what changes in numbers, and the queries whose results
/// changed most, with the pictures that were found before and after. It carries small copies of those pictures, and loads nothing.
/// </summary>
/// <param name="result">What was found.</param>
/// <param name="thumbnails">Makes a small JPEG of a picture's file; null where there is none to be had.</param>
sealed class PrecisionPage(PrecisionResult result, Func<string, byte[]?> thumbnails)
{
    const int MostQueries = 10;
    const int MostLetters = 300;

    /// <summary>By the place of a picture what shows it; null: nothing yet, empty: there is nothing.</summary>
    readonly string?[] _pictures = new string?[result.Pictures.Inputs.Count];
    readonly StringBuilder _body = new();

    public string Write()
    {
        using var template = new StreamReader(typeof(PrecisionPage).Assembly.GetManifestResourceStream("parity.html")!);
        WriteHead();
        WriteShares();
        WriteCosts();
        WriteQueries();

        // In this order: what a user named stands in the body alone.
        return template.ReadToEnd().Replace("@TITLE@", Escape($"{result.Model}: {result.Precision} beside fp32"), StringComparison.Ordinal)
            .Replace("@PICTURES@", string.Concat(_pictures), StringComparison.Ordinal)
            .Replace("@BODY@", _body.ToString(), StringComparison.Ordinal);
    }

    void WriteHead() => _body.Append($"""
        <h1>Does search change with {Escape(result.Precision)}?</h1>
        <p>{Escape(result.Precision)} is a smaller, faster copy of the model {Escape(result.Model)}. It calculates a little less exactly
        than the model itself (fp32), so a search may show pictures in another order, or others at its end. This page shows how much, on
        your own pictures: {Escape(result.Count)}.</p>
        <p class="soft">All of it was made on this machine. The page holds small copies of your pictures, and what you looked for: keep it
        as you keep them. It loads nothing from anywhere.</p>

        """);

    void WriteShares()
    {
        string precision = Escape(result.Precision);
        _body.Append($"""
            <h2>How many results stay the same</h2>
            <p>Every search was made with the model itself and with {precision}. Of the pictures that the model itself puts first, so many
            are among the first still:</p>
            <div class="scroll"><table><tr><th>what is looked for</th><th>the first</th><th>of the first 5</th><th>of the first 10</th></tr>

            """);
        foreach ((TowerAnswers tower, SearchParity search) in result.Towers.Zip(result.Searches))
        {
            string what = tower == result.Pictures ? "pictures like a picture" : "pictures for words";
            WriteRow($"{what}, all made with {result.Precision}", search.PureRecall);
            WriteRow($"{what}, in a library made with the model itself", search.MixedRecall);
        }

        _body.Append("</table></div>\n<p class=\"soft\">A dash: there are too few pictures to tell. ")
            .Append(result.Pictures.Inputs.Count < PrecisionResult.FewPictures
                ? $"With fewer than {PrecisionResult.FewPictures} pictures all of this says little. " : "")
            .Append("Your library is one made with the model itself until Smart Search has been run anew for all pictures.</p>\n");
    }

    void WriteRow(string name, Func<int, double?> recall) => _body.Append("<tr><td>").Append(Escape(name)).Append("</td><td>")
        .Append(string.Join("</td><td>", PrecisionResult.Percents(recall))).Append("</td></tr>\n");

    void WriteCosts()
    {
        _body.Append("<h2>What it saves</h2>\n<div class=\"scroll\"><table><tr><th></th><th>")
            .Append(Escape(result.Precision)).Append("</th><th>the model itself</th></tr>\n");
        foreach (TowerAnswers tower in result.Towers)
        {
            Comparison times = tower.Times;
            WriteCost($"time in the model for a {PrecisionResult.SubjectOf(tower)}", $"{times.B:0.0} ms", $"{times.A:0.0} ms");
        }

        WriteCost("memory", ByteSize.Text(result.Resident), ByteSize.Text(result.PlainResident));
        foreach ((ModelStatus copy, ModelStatus plain) in result.Copies.Zip(result.PlainCopies))
        {
            WriteCost(
                $"on disk, for {(copy.Type == ModelKind.ClipVisual.Type ? "pictures" : "words")}", ByteSize.Text(copy.CopyBytes),
                PrecisionResult.PlainSize(plain));
        }

        _body.Append("</table></div>\n");
    }

    void WriteCost(string name, string rounded, string plain) =>
        _body.Append($"<tr><td>{Escape(name)}</td><td>{Escape(rounded)}</td><td>{Escape(plain)}</td></tr>\n");

    void WriteQueries()
    {
        var changed = new List<Changed>();
        int all = 0;
        for (int i = 0; i < result.Towers.Length; i++)
        {
            SearchParity search = result.Searches[i];
            for (int query = 0; query < search.Reference.Count; query++, all++)
            {
                (int lost, int moved) = search.ChangeOf(query);
                if (lost + moved > 0)
                {
                    changed.Add(new Changed(result.Towers[i], search, query, lost, moved));
                }
            }
        }

        _body.Append("<h2>Where it changes most</h2>\n<p>")
            .Append($"{all - changed.Count} of {all} searches show the same pictures in the same order")
            .Append(changed.Count == 0 ? "." : $"; these are the {Math.Min(MostQueries, changed.Count)} that change most. "
                + "A number tells how alike the model finds a picture and what was looked for, 1 at most. "
                + "Pictures that are nearly the same change places easily: that is no loss.")
            .Append("</p>\n");
        changed.Sort((one, other) => other.Lost != one.Lost ? other.Lost.CompareTo(one.Lost) : other.Moved.CompareTo(one.Moved));
        changed.Take(MostQueries).ToList().ForEach(WriteQuery);
    }

    void WriteQuery(Changed changed)
    {
        (TowerAnswers tower, SearchParity search, int query) = (changed.Tower, changed.Search, changed.Query);
        bool isPicture = tower == result.Pictures;
        string input = tower.Inputs[query];
        _body.Append("<section class=\"query\"><div class=\"asked\">")
            .Append(isPicture ? Picture(query) : $"<q>{Escape(input)}</q>").Append("<div><h3>")
            .Append(isPicture ? $"pictures like {Escape(Path.GetFileName(input))}" : "pictures for these words")
            .Append("</h3><p class=\"soft\">")
            .Append(changed.Lost == 0 ? "The same pictures, in another order."
                : $"{changed.Lost} of the first {search.Neighbours} change.")
            .Append($" Cosine of this {PrecisionResult.SubjectOf(tower)}'s two embeddings: ")
            .Append($"{EmbeddingParity.Cosine(tower.Plain[query], tower.Rounded[query]):0.0000}</p></div></div>\n<div class=\"sides\">");
        WriteSide("The model itself", "gone", tower.Plain[query], search.Reference[query], search.Pure[query], result.Pictures.Plain);
        WriteSide(
            result.Precision, "new", tower.Rounded[query], search.Pure[query], search.Reference[query], result.Pictures.Rounded);
        _body.Append("</div></section>\n");
    }

    void WriteSide(string name, string mark, float[] asked, int[] found, int[] elsewhere, List<float[]> documents)
    {
        _body.Append($"<div><h3>{Escape(name)}</h3><ol class=\"found\">\n");
        foreach (int document in found)
        {
            bool isOnlyHere = !elsewhere.Contains(document);
            _body.Append(isOnlyHere ? $"<li class=\"{mark}\">" : "<li>").Append("<figure>").Append(Picture(document))
                .Append($"<figcaption>{EmbeddingParity.Cosine(asked, documents[document]):0.0000}")
                .Append(isOnlyHere ? "<br/><b>only here</b>" : "").Append("</figcaption></figure></li>\n");
        }

        _body.Append("</ol></div>");
    }

    /// <summary>Each picture stands in the page once, however often it is shown.</summary>
    string Picture(int picture)
    {
        string path = result.Pictures.Inputs[picture], name = Escape(Path.GetFileName(path));
        string style = _pictures[picture] ??= thumbnails(path) is { } jpeg
            ? $".p{picture} {{ background-image: url(data:image/jpeg;base64,{Convert.ToBase64String(jpeg)}); }}\n" : "";
        return style.Length > 0 ? $"<span class=\"pic p{picture}\" role=\"img\" aria-label=\"{name}\" title=\"{name}\"></span>"
            : $"<span class=\"pic none\">{name}</span>";
    }

    /// <summary>As a page may show it: what no character of a text is becomes a blank, what is very long is cut.</summary>
    static string Escape(string text)
    {
        string cut = text.Length > MostLetters ? $"{text.AsSpan(0, MostLetters)}…" : text;
        return WebUtility.HtmlEncode(string.Concat(cut.Select(letter => char.IsControl(letter) || letter >= '\uFFFE' ? ' ' : letter)));
    }

    /// <summary>A search that shows other pictures, or in another order.</summary>
    sealed class Changed(TowerAnswers tower, SearchParity search, int query, int lost, int moved)
    {
        public TowerAnswers Tower => tower;

        public SearchParity Search => search;

        public int Query => query;

        public int Lost => lost;

        public int Moved => moved;
    }
}

namespace ImmichMl.Gateway.Upstreams;

/// <summary>Who may be asked for what, as the settings say it.</summary>
sealed class UpstreamRoutes
{
    const string Local = "local", Remote = "remote";

    readonly Dictionary<string, Upstream> _all = new(StringComparer.Ordinal);
    readonly Upstream[] _general;
    readonly Dictionary<(string Task, string Type), Upstream[]> _byKind = [];

    /// <exception cref="OperatorException">An entry is no URL that can be asked; the message names its setting.</exception>
    public UpstreamRoutes(GatewayOptions options)
    {
        _general = Read("MACHINE_LEARNING_UPSTREAMS", options.Upstreams);
        foreach ((string name, string list, (string, string)[] kinds) in ((string, string, (string, string)[])[])
        [
            ("MACHINE_LEARNING_UPSTREAMS__CLIP__VISUAL", options.UpstreamsOfClipVisual, [("clip", "visual")]),
            ("MACHINE_LEARNING_UPSTREAMS__CLIP__TEXTUAL", options.UpstreamsOfClipTextual, [("clip", "textual")]),
            ("MACHINE_LEARNING_UPSTREAMS__FACIAL_RECOGNITION", options.UpstreamsOfFaces,
                [("facial-recognition", "detection"), ("facial-recognition", "recognition")]),
            ("MACHINE_LEARNING_UPSTREAMS__OCR", options.UpstreamsOfOcr, [("ocr", "detection"), ("ocr", "recognition")]),
        ])
        {
            if (list.Length > 0)
            {
                Upstream[] read = Read(name, list);
                Array.ForEach(kinds, kind => _byKind[kind] = read);
            }
        }

        if (_general.Length == 0)
        {
            // What has no list of its own is answered where it always was.
            _general = [Of(Local, null)];
        }
    }

    public IReadOnlyCollection<Upstream> All => _all.Values;

    /// <summary>Who may answer all of these; where no one may, who may answer what has no list of its own.</summary>
    public IReadOnlyList<Upstream> For(IReadOnlyList<TaskEntry> tasks)
    {
        IEnumerable<Upstream> common = tasks.Count == 0 ? _general
            : tasks.Select(ListOf).Aggregate<IEnumerable<Upstream>>((some, others) => some.Intersect(others));
        Upstream[] may = [.. common];
        return may.Length > 0 ? may : _general;
    }

    Upstream[] ListOf(TaskEntry task) => _byKind.GetValueOrDefault((task.Task, task.Type)) ?? _general;

    Upstream[] Read(string setting, string list)
    {
        string[] words = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return [.. words.SelectMany(word => word switch
        {
            Local => [Of(Local, null)],
            Remote => _general?.Where(upstream => !upstream.IsLocal)
                ?? throw new OperatorException($"{setting}: 'remote' stands for MACHINE_LEARNING_UPSTREAMS, and has no place in it."),
            _ => (IEnumerable<Upstream>)[OfUrl(setting, word)],
        }).Distinct()];
    }

    /// <summary>The path may be a key: neither it nor the whole word stands in a message.</summary>
    Upstream OfUrl(string setting, string word)
    {
        if (!Uri.TryCreate(word, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0
            || url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            throw new OperatorException(
                $"{setting}: an entry is neither 'local' nor a URL such as http://box:3003 or http://box:3003/KEY/ (no user, no query).");
        }

        var based = new Uri(url.AbsoluteUri.TrimEnd('/') + "/");
        return Of(based.AbsoluteUri, based);
    }

    Upstream Of(string key, Uri? address)
    {
        if (!_all.TryGetValue(key, out Upstream? upstream))
        {
            string name = address?.Authority ?? Local;
            int same = _all.Values.Count(other => other.Address?.Authority == address?.Authority);
            _all[key] = upstream = new Upstream(same == 0 ? name : $"{name}#{same + 1}", address);
        }

        return upstream;
    }
}

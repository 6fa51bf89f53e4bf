using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>What the bench verb takes, and how it becomes targets, load and workload.</summary>
sealed class BenchOptions
{
    const int MaxSide = 16_384;

    readonly Argument<string[]> _mix = new("MIX")
    {
        Description = "What to ask: text, image, faces, ocr, each with =WEIGHT if wanted [default: image]",
        Arity = ArgumentArity.ZeroOrMore,
    };

    readonly Option<string?> _http = Given<string?>(
        "--http", "URL", "Measure an Immich-compatible server over HTTP/1.1 instead of the socket, such as http://localhost:3003");

    readonly Option<string[]> _compare = new("--compare")
    {
        Description = "Measure two targets in turn, A B A B, and print ratios; each is a socket's path or a URL", HelpName = "A B",
        Arity = new ArgumentArity(2, 2), AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<int[]> _pid = Given<int[]>(
        "--pid", "PID", "Process of the server whose memory to read, with its children; for --compare once for A and once for B");

    readonly Option<string[]> _header = Given<string[]>(
        "--header", "HEADER", "A header to send with every HTTP request, such as 'X-Api-Key: …'; may be repeated");

    readonly Option<int> _users = Number("--users", "Users that each wait for their answer", "N", 8, 1, 10_000);
    readonly Option<double?> _rate = Decimal("--rate", "R", "Requests a second whatever comes back, instead of --users");
    readonly Option<bool> _poisson = new("--poisson") { Description = "With --rate: at random moments rather than evenly" };
    readonly Option<int> _connections = Number("--connections", "With --rate: connections at most", "N", 256, 1, 10_000);
    readonly Option<double> _ramp = Seconds("--ramp", "Seconds over which users or rate grow to their full number", 0);
    readonly Option<double> _warmUp = Seconds("--warm-up", "Seconds after the ramp that are not counted", 3);
    readonly Option<double> _duration = Seconds("--duration", "Seconds to measure", 20);
    readonly Option<long?> _count = Given<long?>("--count", "N", "Measure so many requests, instead of --duration");
    readonly Option<string[]> _pictures = new("--pictures")
    {
        Description = "Files, or folders of pictures, to send; else pictures are drawn", HelpName = "PATH",
        AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<string> _size = Given("--size", "WxH", "Of drawn pictures", "1440x1080");
    readonly Option<string> _format = Given("--format", "FORMAT", "Of drawn pictures: jpeg, png or webp", "jpeg");
    readonly Option<int> _distinct = Number("--distinct", "Different pictures to draw", "N", 16, 1, 10_000);
    readonly Option<string?> _queries = Given<string?>("--queries", "FILE", "A file of queries, one a line; else 1,000 are made");
    readonly Option<string> _clipModel = CommandLine.Model("--clip-model", "Name of the model", "ViT-B-32__openai");
    readonly Option<string> _facesModel = CommandLine.Model("--faces-model", "Name of the model", "buffalo_l");
    readonly Option<string> _ocrModel = CommandLine.Model("--ocr-model", "Name of the model", "PP-OCRv5_mobile");
    readonly Option<double?> _minFaceScore = Decimal("--min-face-score", "SCORE", "Score under which a face is dropped");
    readonly Option<double?> _minTextScore = Decimal("--min-text-score", "SCORE", "Score under which a text is dropped");
    readonly Option<int?> _maxResolution = Given<int?>(
        "--max-resolution", "PIXELS", "Shorter side to which a page is made smaller before text is looked for");

    readonly Option<string?> _language = Given<string?>("--language", "LANGUAGE", "Language of the queries; only NLLB models ask for it");

    public Option<int> Rounds { get; } = Number("--rounds", "With --compare: runs of each", "N", 2, 1, 1000);

    public Option<string?> Html { get; } = Given<string?>("--html", "REPORT.html", "Write one self-contained page with tables and charts");

    public Option<bool> Quiet { get; } = new("--quiet") { Description = "No live table" };

    public IEnumerable<Symbol> All =>
    [
        _mix, _users, _rate, _poisson, _connections, _ramp, _warmUp, _duration, _count, CommandLine.Socket, _http, _compare, Rounds, _pid,
        _header, _pictures, _size, _format, _distinct, _queries, _clipModel, _facesModel, _ocrModel, _minFaceScore, _minTextScore,
        _maxResolution, _language, CommandLine.Timeout, CommandLine.Json, Html, Quiet,
    ];

    public BenchTarget[] Targets(ParseResult arguments)
    {
        TimeSpan timeout = TimeSpan.FromSeconds(arguments.GetValue(CommandLine.Timeout));
        string[] headers = arguments.GetValue(_header) ?? [];
        if (headers.FirstOrDefault(header => header.IndexOf(':', StringComparison.Ordinal) < 1 || header.Any(char.IsControl)) is { } broken)
        {
            throw new FormatException($"'{broken}' is not NAME: VALUE.");
        }

        string? http = arguments.GetValue(_http);
        string[] both = arguments.GetValue(_compare) ?? [];
        if (new[] { arguments.GetValue(CommandLine.Socket) is not null, http is not null, both.Length > 0 }.Count(given => given) > 1)
        {
            throw new FormatException("Give one of --socket, --http and --compare.");
        }

        BenchTarget[] targets = both.Length > 0 ? [.. both.Select(one => BenchTarget.Read(one, headers, timeout))]
            : http is not null ? [BenchTarget.Read(http, headers, timeout)]
            : [BenchTarget.OfSocket(CommandLine.Connection(arguments))];
        int[] processes = arguments.GetValue(_pid) ?? [];
        if (processes.Length > 0 && processes.Length != targets.Length)
        {
            throw new FormatException("--pid is given once for each target, or not at all.");
        }

        for (int i = 0; i < processes.Length; i++)
        {
            targets[i].Process = processes[i];
        }

        return targets;
    }

    public Load Load(ParseResult arguments)
    {
        double? rate = arguments.GetValue(_rate);
        long? count = arguments.GetValue(_count);
        if (rate is not null and not (> 0 and <= 100_000))
        {
            throw new FormatException("--rate takes more than 0 and at most 100000 requests a second.");
        }

        if (count is < 1)
        {
            throw new FormatException("--count takes 1 or more.");
        }

        return new Load
        {
            Users = arguments.GetValue(_users), Rate = rate, Poisson = arguments.GetValue(_poisson),
            Connections = arguments.GetValue(_connections),
            Ramp = TimeSpan.FromSeconds(arguments.GetValue(_ramp)), WarmUp = TimeSpan.FromSeconds(arguments.GetValue(_warmUp)),
            Duration = TimeSpan.FromSeconds(arguments.GetValue(_duration)), Count = count,
        };
    }

    /// <summary>The requests, and their pictures in words.</summary>
    public (Workload Workload, string Pictures) Workload(ParseResult arguments)
    {
        string[] words = arguments.GetValue(_mix) ?? [];
        Mix mix = Mix.Read(words.Length > 0 ? words : ["image"], new EndpointOptions
        {
            ClipModel = arguments.GetRequiredValue(_clipModel), FacesModel = arguments.GetRequiredValue(_facesModel),
            OcrModel = arguments.GetRequiredValue(_ocrModel),
            MinFaceScore = arguments.GetValue(_minFaceScore), MinTextScore = arguments.GetValue(_minTextScore),
            MaxResolution = arguments.GetValue(_maxResolution), Language = arguments.GetValue(_language),
        });
        IReadOnlyList<string> queries = arguments.GetValue(_queries) is { } file ? BenchQueries.Read(file) : BenchQueries.Make(1000);
        if (mix.Endpoints.All(endpoint => endpoint.TakesText))
        {
            return (new Workload(mix, [], queries), $"{queries.Count} queries");
        }

        (IReadOnlyList<byte[]> pictures, string origin) = Pictures(arguments);
        string size = ByteSize.Text((long)pictures.Average(picture => picture.Length));
        return (new Workload(mix, pictures, queries), $"{pictures.Count} pictures, {origin}, {size} each");
    }

    (IReadOnlyList<byte[]> Pictures, string Origin) Pictures(ParseResult arguments)
    {
        if (arguments.GetValue(_pictures) is { Length: > 0 } paths)
        {
            return (BenchPictures.Load(paths), "given");
        }

        string size = arguments.GetRequiredValue(_size);
        string format = arguments.GetRequiredValue(_format);
        if (size.Split('x') is not [var across, var down] || !TryReadSide(across, out int width) || !TryReadSide(down, out int height))
        {
            throw new FormatException($"--size {size} is not WIDTHxHEIGHT, each 1 to {MaxSide}.");
        }

        PictureFormat chosen = format switch
        {
            "jpeg" or "jpg" => PictureFormat.Jpeg, "png" => PictureFormat.Png, "webp" => PictureFormat.WebP,
            _ => throw new FormatException($"--format {format} is none of jpeg, png and webp."),
        };
        return (BenchPictures.Draw(arguments.GetValue(_distinct), width, height, chosen), $"drawn, {width} x {height} {format}");
    }

    static bool TryReadSide(string text, out int side) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is > 0 and <= MaxSide;

    static Option<T> Given<T>(string name, string helpName, string description) =>
        new(name) { Description = description, HelpName = helpName };

    static Option<string> Given(string name, string helpName, string description, string standard) =>
        new(name) { Description = description, HelpName = helpName, DefaultValueFactory = _ => standard };

    static Option<double?> Decimal(string name, string helpName, string description) =>
        new(name) { Description = description, HelpName = helpName, CustomParser = given => CommandLine.Number(given) };

    static Option<int> Number(string name, string description, string helpName, int standard, int least, int most) =>
        new Option<int>(name) { Description = description, HelpName = helpName, DefaultValueFactory = _ => standard }
            .Within(value => value >= least && value <= most, $"{least} to {most}");

    static Option<double> Seconds(string name, string description, double standard) => new Option<double>(name)
    {
        Description = description, HelpName = "SECONDS", DefaultValueFactory = _ => standard, CustomParser = CommandLine.Number,
    }.Within(value => value is >= 0 and <= 1_000_000, "0 to 1000000 seconds");
}

using System.CommandLine;
using System.CommandLine.Parsing;
using ImmichMl.Imaging.Codecs;

namespace ImmichMl.Cli;

/// <summary>What the verbs share: exit codes, the options that mean the same everywhere, and how a failure is told.</summary>
static class CommandLine
{
    public static Option<string?> Socket { get; } = new("--socket")
    {
        Description = $"Path of the daemon's Unix socket [default: ${MlClientOptions.SocketVariable}, $XDG_RUNTIME_DIR/immich-ml.sock, "
            + $"or {MlClientOptions.ServiceSocketPath}]",
        HelpName = "PATH",
    };

    public static Option<string?> Cache { get; } = new("--cache")
    {
        Description = "Folder of the model cache [default: $MACHINE_LEARNING_CACHE_FOLDER or ~/.cache/immich_ml]",
        HelpName = "DIR",
    };

    public static Option<string?> Revision { get; } = Revisions();

    public static Option<bool> Json { get; } = new("--json") { Description = "Print JSON for programs" };

    static Option<string?> Revisions()
    {
        var option = new Option<string?>("--revision")
        {
            Description = "Revision of the models, such as v2 [default: $MACHINE_LEARNING_MODEL_REVISION or main]", HelpName = "NAME",
        };
        option.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: var name }] && !ModelRevision.IsValid(name))
            {
                given.AddError($"{option.Name} takes {ModelRevision.Rule}.");
            }
        });
        return option;
    }

    /// <summary>A timer takes 49 days at most.</summary>
    public static Option<double> Timeout { get; } = new Option<double>("--timeout")
    {
        Description = "Seconds to wait for the answer", HelpName = "SECONDS", DefaultValueFactory = _ => 300, CustomParser = Number,
    }.Within(seconds => seconds is > 0 and <= 1_000_000, "more than 0 and at most 1000000 seconds");

    public static Option<string> Model(string name, string description, string standard) =>
        new(name) { Description = description, HelpName = "NAME", DefaultValueFactory = _ => standard };

    /// <summary>A point, and nothing between thousands: read as usual, 1,5 would be 15.</summary>
    public static double Number(ArgumentResult given)
    {
        double value = 0;
        if (given.Tokens is [{ Value: var text }, ..] && !TryReadNumber(text, out value))
        {
            given.AddError($"'{text}' is not a number, such as 1.5.");
        }

        return value;
    }

    public static bool TryReadNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    /// <summary>What is no number at all has been refused already; NaN passes no comparison.</summary>
    public static Option<T> Within<T>(this Option<T> option, Predicate<double> fits, string range)
    {
        option.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: var text }] && TryReadNumber(text, out double value) && !fits(value))
            {
                given.AddError($"{option.Name} takes {range}.");
            }
        });
        return option;
    }

    public static MlClientOptions Connection(ParseResult arguments, TimeSpan? timeout = null)
    {
        var options = new MlClientOptions { RequestTimeout = timeout ?? TimeSpan.FromSeconds(arguments.GetValue(Timeout)) };
        return arguments.GetValue(Socket) is { Length: > 0 } path ? options with { SocketPath = path } : options;
    }

    /// <summary>The answer for programs where <see cref="Json"/> asks for it, else for people.</summary>
    public static int Print(this ParseResult arguments, JsonText json, string text)
    {
        Console.WriteLine(arguments.GetValue(Json) ? json.ToString() : text);
        return ExitCode.Ok;
    }

    /// <summary>Looks at the native libraries' files only: loading them would cost memory before the first model.</summary>
    /// <exception cref="OperatorException">One is missing.</exception>
    public static void CheckLibraries(ImageLimits images, string onnxRuntimeFolder = "")
    {
        if (!RuntimeLibrary.IsPresent(RuntimeLibrary.FileName) && onnxRuntimeFolder.Length == 0)
        {
            throw Missing(RuntimeLibrary.FileName);
        }

        // The managed codec stands in where none is asked for by name.
        if (images.ChosenCodec is not (CodecChoice.Auto or CodecChoice.Managed) && !RuntimeLibrary.IsPresent(ImageDecoder.LibraryFileName))
        {
            throw Missing(ImageDecoder.LibraryFileName);
        }

        if (!ImageDecoder.IsAvailable(images.ChosenCodec))
        {
            throw new OperatorException($"MACHINE_LEARNING_CODEC={images.Codec}, and its library cannot be loaded.");
        }
    }

    static OperatorException Missing(string library) => new($"{library} is missing: it belongs beside this program.");

    /// <summary>A verb that asks the daemon.</summary>
    public static Command Asks(this Command command, Func<MlClient, ParseResult, CancellationToken, Task<int>> action)
    {
        command.Add(Socket);
        command.Add(Timeout);
        command.Add(Json);
        return command.Does(async (arguments, cancellation) =>
        {
            await using var client = new MlClient(Connection(arguments));
            return await action(client, arguments, cancellation);
        });
    }

    /// <summary>Immich's JSON by the rules that are in force at the daemon.</summary>
    public static async Task<ImmichJson> GetJsonAsync(this MlClient client, CancellationToken cancellation) =>
        ImmichJson.Of((await client.GetInfoAsync(cancellation)).Rules);

    /// <summary>Gives a verb its action: what it throws becomes one line on stderr and an exit code.</summary>
    public static Command Does(this Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        command.SetAction(async (arguments, cancellation) =>
        {
            try
            {
                return await action(arguments, cancellation);
            }
            catch (Exception e) when (ExitCodeOf(e) is { } code)
            {
                await Console.Error.WriteLineAsync($"immich-ml: {e.Message}");
                return code;
            }
        });
        return command;
    }

    static int? ExitCodeOf(Exception fault) => fault switch
    {
        MlConnectionException => ExitCode.CannotConnect,
        MlErrorException { Code.Name: var code } => code switch
        {
            "model_unavailable" or "model_unusable" => ExitCode.OperatorFault,
            "internal" or "overloaded" or "out_of_memory" or "deadline_exceeded" or "cancelled" or "shutting_down" => ExitCode.OurFault,
            _ => ExitCode.Usage,
        },
        OperatorException => ExitCode.OperatorFault,
        ModelException { Fault: ModelFault.Unknown } => ExitCode.Usage,
        ModelException => ExitCode.OperatorFault,
        FormatException => ExitCode.Usage,
        IOException or UnauthorizedAccessException => ExitCode.Usage,
        TimeoutException or OperationCanceledException => ExitCode.OurFault,
        _ => null,
    };
}

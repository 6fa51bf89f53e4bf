using System.CommandLine;

namespace ImmichMl.Cli;

static class Program
{
    static async Task<int> Main(string[] args)
    {
        StandardStreams.Prepare(static cause => new OperatorException(cause));

        // Before any other thread, which might read the native environment at the same time.
        RuntimeLibrary.DisableTelemetry();
        NativeHeap.Configure();
        ParseResult parsed = Root().Parse(args);

        // The library would end the process 2 seconds after SIGTERM; how long stopping may take is for the verb to say.
        int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = Timeout.InfiniteTimeSpan });
        return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
    }

    internal static RootCommand Root() => new(
        """
        Immich's machine learning as a native daemon: pictures and queries in, embeddings out, over a Unix socket.

        Exit codes: 0 ok, 1 our fault or try later, 2 usage or bad input, 3 for the operator to mend, 4 no daemon there.
        Try 'immich-ml demo' first: it needs nothing else.
        """)
    {
        ServeCommand.Create(), PredictCommand.Create(), EmbedCommand.Create(), FacesCommand.Create(), OcrCommand.Create(),
        PingCommand.Create(), HealthCommand.Create(), DoctorCommand.Create(), InfoCommand.Create(), ModelsCommand.Create(),
        LoadCommand.Create(), LoadCommand.CreateUnload(), TopCommand.Create(), PrepareCommand.Create(), ParityCommand.Create(),
        PrecisionSideCommand.Create(), DemoCommand.Create(), BenchCommand.Create(),
    };
}

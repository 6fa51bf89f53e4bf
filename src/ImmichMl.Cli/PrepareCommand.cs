using System.CommandLine;
using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Preparation;
using ImmichMl.Inference.Scheduling;

namespace ImmichMl.Cli;

/// <summary>The hidden verb that the daemon starts itself with to prepare a model. Its last line says what came of it.</summary>
static class PrepareCommand
{
    /// <summary>Somebody waits for the copy: earlier failures do not count, and other work does not go first.</summary>
    public const string AskedFor = "--asked-for";

    public static Command Create()
    {
        var task = new Argument<string>("task");
        var type = new Argument<string>("type");
        var name = new Argument<string>("name");
        var askedFor = new Option<bool>(AskedFor);
        var command = new Command(DaemonHost.PrepareVerb, "Make the prepared copy of a model.") { task, type, name, askedFor };
        command.Hidden = true;
        return command.Does((arguments, _) =>
        {
            BeFirstToGo();
            EndWithParent();
            bool isAskedFor = arguments.GetValue(askedFor);
            if (!isAskedFor)
            {
                ThreadNiceness.Lower();
            }

            UseChosenRuntime();
            Settings settings = new Settings().AddEnvironment();
            var models = settings.Read<ModelOptions>();
            var key = new ModelKey(new ModelKind(arguments.GetValue(task)!, arguments.GetValue(type)!), arguments.GetValue(name)!);
            string folder = new ModelStore(models, new ModelCatalog(models)).Find(key);
            PreparedModels prepared = Preparing.With(settings, models, static () => SystemMemory.Now().Available);
            Console.WriteLine(prepared.Prepare(key, Path.Combine(folder, ModelStore.ModelFileName), isAskedFor));
            return Task.FromResult(ExitCode.Ok);
        });
    }

    /// <summary>Where memory runs out, the kernel ends this process before any that answers somebody.</summary>
    static void BeFirstToGo()
    {
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "1000");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No such file system.
        }
    }

    /// <summary>Standard input is the daemon's: it ends with it.</summary>
    static void EndWithParent() => new Thread(() =>
    {
        ReadInputToEnd();
        Environment.Exit(ExitCode.OurFault);
    })
    { IsBackground = true, Name = "parent watch" }.Start();

    /// <summary>Comes back once whoever holds the other end has closed it, or is gone.</summary>
    public static void ReadInputToEnd()
    {
        using Stream input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0)
        {
        }
    }

    /// <summary>A copy belongs to the ONNX Runtime that made it: it must be the one that the daemon uses.</summary>
    public static void UseChosenRuntime() => RuntimeChoice.Of(new Settings().AddEnvironment().Read<DeviceOptions>()).Use();
}

using System.CommandLine;
using ImmichMl.Inference;
using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Daemon.Commands;

/// <summary>The hidden verb that the daemon starts itself with to prepare a model.</summary>
static class PrepareCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("source");
        var target = new Argument<string>("target");
        return new Command(Preparation.Verb, "Make the prepared copy of a model.") { source, target }.Hide().Does((arguments, _) =>
        {
            ThreadNiceness.Lower();
            UseChosenRuntime();
            PreparedModels.Write(arguments.GetValue(source)!, arguments.GetValue(target)!);
            return Task.FromResult(Cli.Ok);
        });
    }

    /// <summary>A copy belongs to the ONNX Runtime that made it: it must be the one that the daemon uses.</summary>
    public static void UseChosenRuntime()
    {
        if (new Settings().AddEnvironment().Read<DeviceOptions>().OnnxRuntimeDir is { Length: > 0 } folder)
        {
            RuntimeLibrary.UseFolder(folder);
        }
    }

    static Command Hide(this Command command)
    {
        command.Hidden = true;
        return command;
    }
}

using System.CommandLine;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Daemon.Commands;

/// <summary>immich-ml load and unload: one model into the daemon's memory, or out of it.</summary>
static class LoadCommand
{
    public static Command Create() => Create(
        "load", "Load a model into the daemon's memory and wait until it is there.", static (client, model, cancellation) => client.LoadAsync(model, cancellation));

    public static Command CreateUnload() => Create(
        "unload", "Take a model out of the daemon's memory once nobody uses it.", static (client, model, cancellation) => client.UnloadAsync(model, cancellation));

    static Command Create(string verb, string description, Func<MlClient, ModelAddress, CancellationToken, Task> act)
    {
        var task = new Argument<string>("task") { Description = "clip, facial-recognition or ocr" };
        var type = new Argument<string>("type") { Description = "visual, textual, detection or recognition" };
        var name = new Argument<string>("model") { Description = "The model's name, such as ViT-B-32__openai" };
        return new Command(verb, description) { task, type, name, Cli.Socket, Cli.Timeout, Cli.Json }.Does(async (arguments, cancellation) =>
        {
            await using MlClient client = Cli.Connect(arguments);
            MemoryUse before = await MemoryAsync(client, cancellation);
            var model = new ModelAddress(arguments.GetValue(task)!, arguments.GetValue(type)!, arguments.GetValue(name)!);
            await act(client, model, cancellation);
            MemoryUse after = await MemoryAsync(client, cancellation);
            Console.WriteLine(arguments.GetValue(Cli.Json)
                ? Output.Object(
                [
                    ("rssBytesBefore", Output.Number(before.RssBytes)), ("rssBytesAfter", Output.Number(after.RssBytes)),
                    ("anonBytesBefore", Output.Number(before.AnonBytes)), ("anonBytesAfter", Output.Number(after.AnonBytes)),
                ])
                : $"{verb} {model.Task} {model.Type} {model.ModelName}: done; resident {Output.Bytes(before.RssBytes)} -> {Output.Bytes(after.RssBytes)}, "
                    + $"of that the daemon's own {Output.Bytes(before.AnonBytes)} -> {Output.Bytes(after.AnonBytes)}");
            return Cli.Ok;
        });
    }

    static async Task<MemoryUse> MemoryAsync(MlClient client, CancellationToken cancellation) => (await client.GetStatsAsync(cancellation)).Memory;
}

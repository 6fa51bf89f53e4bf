using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml load and unload: one model into the daemon's memory, or out of it.</summary>
static class LoadCommand
{
    public static Command Create() => Create(
        "load", "Load a model into the daemon's memory and wait until it is there.",
        static (client, model, cancellation) => client.LoadAsync(model, cancellation));

    public static Command CreateUnload() => Create(
        "unload", "Take a model out of the daemon's memory once nobody uses it.",
        static (client, model, cancellation) => client.UnloadAsync(model, cancellation));

    static Command Create(string verb, string description, Func<MlClient, ModelAddress, CancellationToken, Task> act)
    {
        var task = new Argument<string>("task") { Description = "clip, facial-recognition or ocr" };
        var type = new Argument<string>("type") { Description = "visual, textual, detection or recognition" };
        var name = new Argument<string>("model") { Description = "The model's name, such as ViT-B-32__openai" };
        return new Command(verb, description) { task, type, name }.Asks(async (client, arguments, cancellation) =>
        {
            MemoryUse before = await MemoryAsync(client, cancellation);
            var model = new ModelAddress(arguments.GetValue(task)!, arguments.GetValue(type)!, arguments.GetValue(name)!);
            await act(client, model, cancellation);
            MemoryUse after = await MemoryAsync(client, cancellation);
            JsonText json = JsonText.Of(
                ("rssBytesBefore", before.RssBytes), ("rssBytesAfter", after.RssBytes),
                ("anonBytesBefore", before.AnonBytes), ("anonBytesAfter", after.AnonBytes));
            return arguments.Print(
                json, $"{verb} {model.Task} {model.Type} {model.ModelName}: done; "
                    + $"resident {ByteSize.Text(before.RssBytes)} -> {ByteSize.Text(after.RssBytes)}, "
                    + $"of that the daemon's own {ByteSize.Text(before.AnonBytes)} -> {ByteSize.Text(after.AnonBytes)}");
        });
    }

    static async Task<MemoryUse> MemoryAsync(MlClient client, CancellationToken cancellation) =>
        (await client.GetStatsAsync(cancellation)).Memory;
}

namespace ImmichMl.Tests.Protocol;

/// <summary>A request as the golden index writes it.</summary>
static class RequestJson
{
    public static string Write(Request request) => WireJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("v", Request.Version);
        json.WriteUnsigned("id", request.Id);
        json.WriteString("op", request.Operation);
        switch (request)
        {
            case CancelRequest cancel:
                json.WriteUnsigned("target", cancel.Target);
                break;
            case LoadRequest load:
                json.WriteModel(load.Model);
                break;
            case UnloadRequest unload:
                json.WriteModel(unload.Model);
                break;
            case PredictRequest predict:
                WritePredict(json, predict);
                break;
        }

        json.WriteEndObject();
    });

    public static string Tasks(IReadOnlyList<TaskEntry> tasks) => WireJson.Write(json =>
    {
        json.WriteStartObject();
        WriteTasks(json, tasks);
        json.WriteEndObject();
    });

    static void WriteTasks(WireJson json, IReadOnlyList<TaskEntry> tasks)
    {
        foreach (var task in tasks.GroupBy(entry => entry.Task))
        {
            json.WriteStartObject(task.Key);
            foreach (TaskEntry entry in task)
            {
                json.WriteStartObject(entry.Type);
                json.WriteString("modelName", entry.ModelName);
                WriteOptions(json, entry.Options);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }
    }

    static void WritePredict(WireJson json, PredictRequest predict)
    {
        json.WriteStartObject("tasks");
        WriteTasks(json, predict.Tasks);
        json.WriteEndObject();
        json.WriteOptional("text", predict.Text);
        json.WriteOptional("priority", predict.Priority switch
        {
            Priority.Interactive => "interactive",
            Priority.Background => "background",
            _ => null,
        });
        json.WriteOptional("deadlineMs", predict.DeadlineMs);
        json.WriteOptional("trace", predict.Trace);
        if (predict.Image is { } image)
        {
            json.WriteBinary("image", image.ToArray());
        }
    }

    static void WriteOptions(WireJson json, TaskOptions options)
    {
        if (options == TaskOptions.None)
        {
            return;
        }

        json.WriteStartObject("options");
        json.WriteOptional("minScore", options.MinScore);
        json.WriteOptional("maxResolution", options.MaxResolution);
        json.WriteOptional("scoreMode", options.ScoreMode);
        json.WriteOptional("language", options.Language);
        json.WriteEndObject();
    }
}

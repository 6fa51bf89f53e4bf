namespace ImmichMl.Tests.Protocol;

/// <summary>A response as the golden index writes it.</summary>
static class ResponseJson
{
    public static string Write(Response response) => WireJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteUnsigned("id", response.Id);
        json.WriteStartObject(response.Error is null ? "result" : "error");
        if (response.Error is { } error)
        {
            json.WriteString("code", error.Code.Name);
            json.WriteString("message", error.Message);
            json.WriteBoolean("retryable", error.Retryable);
            json.WriteOptional("retryAfterMs", error.RetryAfterMs);
        }
        else
        {
            WriteResult(json, response.Result!);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });

    static void WriteResult(WireJson json, Result result)
    {
        switch (result)
        {
            case CancelResult cancel:
                json.WriteBoolean("cancelled", cancel.Cancelled);
                break;
            case InfoResult info:
                WriteInfo(json, info);
                break;
            case ModelsResult models:
                WriteModels(json, models.Models);
                break;
            case StatsResult stats:
                WriteStats(json, stats);
                break;
            case PredictResult predict:
                WritePredict(json, predict);
                break;
        }
    }

    static void WriteInfo(WireJson json, InfoResult info)
    {
        json.WriteString("version", info.Version);
        json.WriteNumber("protocol", info.Protocol);
        json.WriteNumber("pid", info.Pid);
        json.WriteNumber("uptimeMs", info.UptimeMs);
        json.WriteBoolean("ready", info.Ready);
        json.WriteStrings("providers", info.Providers);
        json.WriteObjects("devices", info.Devices, device =>
        {
            json.WriteString("provider", device.Provider);
            json.WriteNumber("id", device.Id);
            json.WriteString("name", device.Name);
            json.WriteNumber("memoryBytes", device.MemoryBytes);
        });
        json.WriteString("threads", info.Threads);
        json.WriteStartObject("limits");
        json.WriteNumber("maxFrameBytes", info.Limits.MaxFrameBytes);
        json.WriteNumber("maxImageBytes", info.Limits.MaxImageBytes);
        json.WriteNumber("maxImagePixels", info.Limits.MaxImagePixels);
        json.WriteNumber("frameBytesInFlight", info.Limits.FrameBytesInFlight);
        json.WriteNumber("pixelsInFlight", info.Limits.PixelsInFlight);
        json.WriteNumber("queue", info.Limits.Queue);
        json.WriteNumber("connections", info.Limits.Connections);
        json.WriteNumber("requestsPerConnection", info.Limits.RequestsPerConnection);
        json.WriteEndObject();
        if (info.Remarks.Count > 0)
        {
            json.WriteStrings("remarks", info.Remarks);
        }

        json.WriteOptional("rules", info.Rules);
        json.WriteOptional("memory", info.Memory);
    }

    static void WriteModels(WireJson json, IReadOnlyList<ModelStatus> models) => json.WriteObjects("models", models, model =>
    {
        json.WriteModel(new ModelAddress(model.Task, model.Type, model.ModelName));
        json.WriteString("state", model.State);
        json.WriteNumber("bytes", model.Bytes);
        json.WriteString("device", model.Device);
        json.WriteNumber("idleMs", model.IdleMs);
    });

    static void WriteStats(WireJson json, StatsResult stats)
    {
        json.WriteObjects("requests", stats.Requests, count =>
        {
            json.WriteModel(count.Model);
            json.WriteString("code", count.Code);
            json.WriteNumber("count", count.Count);
        });
        json.WriteObjects("latency", stats.Latency, histogram =>
        {
            json.WriteModel(histogram.Model);
            json.WriteString("stage", histogram.Stage);
            json.WriteNumber("count", histogram.Count);
            json.WriteNumber("sumMs", histogram.SumMs);
            json.WriteNumbers("bucketsMs", histogram.BucketsMs);
            json.WriteNumbers("counts", histogram.Counts.Select(count => (double)count));
        });
        json.WriteStartObject("queue");
        json.WriteNumber("interactive", stats.Queue.Interactive);
        json.WriteNumber("background", stats.Queue.Background);
        json.WriteEndObject();
        WriteModels(json, stats.Models);
        json.WriteStartObject("memory");
        json.WriteNumber("rssBytes", stats.Memory.RssBytes);
        json.WriteNumber("anonBytes", stats.Memory.AnonBytes);
        json.WriteNumber("arenaBytes", stats.Memory.ArenaBytes);
        json.WriteEndObject();
        json.WriteObjects("downloads", stats.Downloads, download =>
        {
            json.WriteString("modelName", download.ModelName);
            json.WriteNumber("bytes", download.Bytes);
            json.WriteNumber("totalBytes", download.TotalBytes);
        });
        if (stats.Runtime is { } runtime)
        {
            json.WriteStartObject("runtime");
            json.WriteNumber("allocatedBytes", runtime.AllocatedBytes);
            json.WriteNumbers("collections", runtime.Collections.Select(count => (double)count));
            json.WriteEndObject();
        }

        if (stats.Pressure is { } pressure)
        {
            json.WriteStartObject("pressure");
            json.WriteString("level", pressure.Level);
            json.WriteNumber("stalledPercent", pressure.StalledPercent);
            json.WriteNumber("availableBytes", pressure.AvailableBytes);
            json.WriteNumber("limitBytes", pressure.LimitBytes);
            json.WriteNumber("requestsAtOnce", pressure.RequestsAtOnce);
            json.WriteNumber("tight", pressure.Tight);
            json.WriteNumber("critical", pressure.Critical);
            json.WriteNumber("unloaded", pressure.Unloaded);
            json.WriteNumber("trimmed", pressure.Trimmed);
            json.WriteEndObject();
        }

        if (stats.Devices.Count > 0)
        {
            json.WriteObjects("devices", stats.Devices, device =>
            {
                json.WriteString("provider", device.Provider);
                json.WriteNumber("id", device.Id);
                json.WriteNumber("runs", device.Runs);
                json.WriteNumber("usedBytes", device.UsedBytes);
                json.WriteNumber("totalBytes", device.TotalBytes);
                json.WriteBoolean("lost", device.Lost);
            });
        }
    }

    static void WritePredict(WireJson json, PredictResult predict)
    {
        json.WriteOptional("imageWidth", predict.ImageWidth);
        json.WriteOptional("imageHeight", predict.ImageHeight);
        json.WriteEmbedding("clip", predict.Clip);
        json.WriteObjects("facial-recognition", predict.Faces, face =>
        {
            json.WriteNumbers("boundingBox", face.BoundingBox);
            json.WriteNumber("score", face.Score);
            json.WriteNumbers("landmarks", face.Landmarks);
            json.WriteEmbedding("embedding", face.Embedding);
        });
        if (predict.Ocr is { } ocr)
        {
            json.WriteStartObject("ocr");
            json.WriteStrings("text", ocr.Text);
            json.WriteNumbers("box", ocr.Box);
            json.WriteNumbers("boxScore", ocr.BoxScore);
            json.WriteNumbers("textScore", ocr.TextScore);
            json.WriteEndObject();
        }

        Timings timings = predict.Timings;
        json.WriteStartObject("timings");
        json.WriteNumber("queue", timings.Queue);
        json.WriteNumber("decode", timings.Decode);
        json.WriteNumber("preprocess", timings.Preprocess);
        json.WriteNumber("inference", timings.Inference);
        json.WriteNumber("postprocess", timings.Postprocess);
        json.WriteNumber("total", timings.Total);
        json.WriteEndObject();
    }
}

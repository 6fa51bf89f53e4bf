using System.Buffers;
using System.Text;
using System.Text.Json;
using ImmichMl.Protocol.Messages;
using Microsoft.AspNetCore.Http;

namespace ImmichMl.Gateway;

/// <summary>/status, the page to look at, and /status.json, what it shows.</summary>
sealed class StatusEndpoint(DaemonState daemon, PredictEndpoint predict, UploadBudget budget, Traffic traffic)
{
    public static Task PageAsync(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = StatusPage.ContentSecurityPolicy;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-cache";
        return Reply.WriteAsync(context, 200, "text/html; charset=utf-8", StatusPage.Html);
    }

    public async Task DataAsync(HttpContext context)
    {
        DaemonReport report = await daemon.AskAsync(context.RequestAborted);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteDaemon(json, report);
            WriteModels(json, report.Models);
            WriteGateway(json);
            json.WriteEndObject();
        }

        context.Response.Headers.CacheControl = "no-store";
        await Reply.JsonAsync(context, Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    static void WriteDaemon(Utf8JsonWriter json, DaemonReport report)
    {
        json.WriteStartObject("daemon");
        json.WriteBoolean("up", report.Info is not null);
        json.WriteString("reason", report.Reason);
        if (report.Info is { } info)
        {
            json.WriteBoolean("ready", info.Ready);
            json.WriteString("version", info.Version);
            json.WriteNumber("uptimeMs", info.UptimeMs);
            json.WriteString("threads", info.Threads);
            json.WriteString("providers", string.Join(", ", info.Providers));
            json.WriteString("devices", string.Join(", ", info.Devices.Select(device => device.Name)));
            json.WriteNumber("queueLimit", info.Limits.Queue);
        }

        if (report.Stats is { } stats)
        {
            json.WriteNumber("interactive", stats.Queue.Interactive);
            json.WriteNumber("background", stats.Queue.Background);
            json.WriteNumber("rssBytes", stats.Memory.RssBytes);
            json.WriteNumber("anonBytes", stats.Memory.AnonBytes);
            json.WriteNumber("arenaBytes", stats.Memory.ArenaBytes);
            json.WriteNumber("requests", stats.Requests.Sum(count => count.Count));
            json.WriteStartArray("downloads");
            foreach (DownloadProgress download in stats.Downloads)
            {
                json.WriteStartObject();
                json.WriteString("modelName", download.ModelName);
                json.WriteNumber("bytes", download.Bytes);
                json.WriteNumber("totalBytes", download.TotalBytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    static void WriteModels(Utf8JsonWriter json, IReadOnlyList<ModelStatus> models)
    {
        json.WriteStartArray("models");
        foreach (ModelStatus model in models)
        {
            json.WriteStartObject();
            json.WriteString("task", model.Task);
            json.WriteString("type", model.Type);
            json.WriteString("modelName", model.ModelName);
            json.WriteString("state", model.State);
            json.WriteNumber("bytes", model.Bytes);
            json.WriteString("device", model.Device);
            json.WriteNumber("idleMs", model.IdleMs);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    void WriteGateway(Utf8JsonWriter json)
    {
        json.WriteNumber("open", predict.Open);
        json.WriteNumber("uploadBytes", budget.Taken);
        json.WriteNumber("gatewayRssBytes", Environment.WorkingSet);
        json.WriteNumber("slotSeconds", Traffic.SlotLength.TotalSeconds);
        json.WriteStartArray("history");
        foreach (TrafficSlot slot in traffic.History())
        {
            json.WriteStartArray();
            json.WriteNumberValue(slot.Requests);
            json.WriteNumberValue(slot.Errors);
            json.WriteNumberValue(Math.Round(slot.Requests > 0 ? slot.SumMs / slot.Requests : 0, 1));
            json.WriteNumberValue(Math.Round(slot.MaxMs, 1));
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteStartArray("errors");
        foreach (RecentError error in traffic.Errors())
        {
            json.WriteStartObject();
            json.WriteString("at", error.At);
            json.WriteString("path", error.Path);
            json.WriteNumber("status", error.Status);
            json.WriteString("code", error.Code);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

using ImmichMl.Gateway.Upstreams;

namespace ImmichMl.Gateway;

/// <summary>/status, the page to look at, and /status.json, what it shows.</summary>
sealed class StatusEndpoint(
    GatewayOptions options, DaemonState daemon, PredictEndpoint predict, UploadBudget budget, Traffic traffic,
    UpstreamPool? upstreams = null, WakeUp? wake = null)
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
        context.Response.Headers.CacheControl = "no-store";
        await Reply.JsonAsync(context, JsonText.Of(
        [
            ("daemon", JsonText.Of(Daemon(report))), ("models", JsonText.List(report.Models.Select(Model))), .. Gateway(), .. Upstreams(),
        ]).ToString());
    }

    static IEnumerable<(string Name, JsonText Json)> Daemon(DaemonReport report) =>
    [
        ("up", report.Info is not null),
        ("reason", report.Reason),
        .. report.Info is { } info ? Info(info) : [],
        .. report.Stats is { } stats ? Stats(stats) : [],
    ];

    static (string, JsonText)[] Info(InfoResult info) =>
    [
        ("ready", info.Ready),
        ("version", info.Version),
        ("rules", info.Rules),
        ("uptimeMs", info.UptimeMs),
        ("threads", info.Threads),
        ("memory", info.Memory),
        ("providers", string.Join(", ", info.Providers)),
        ("devices", string.Join(", ", info.Devices.Select(device => device.Name))),
        ("queueLimit", info.Limits.Queue),
    ];

    static (string, JsonText)[] Stats(StatsResult stats) =>
    [
        ("interactive", stats.Queue.Interactive),
        ("background", stats.Queue.Background),
        ("rssBytes", stats.Memory.RssBytes),
        ("anonBytes", stats.Memory.AnonBytes),
        ("arenaBytes", stats.Memory.ArenaBytes),
        ("pressure", stats.Pressure is { } pressure ? Pressure(pressure) : (JsonText)(string?)null),
        ("requests", stats.Requests.Sum(count => count.Count)),
        ("answered", JsonText.List(
            from count in stats.Requests
            where count.Code == "ok"
            group count by (count.Model.Task, count.Model.Type) into kind
            select JsonText.Of([("task", kind.Key.Task), ("type", kind.Key.Type), ("count", kind.Sum(count => count.Count))]))),
        ("downloads", JsonText.List(stats.Downloads.Select(download => JsonText.Of(
        [
            ("modelName", download.ModelName),
            ("bytes", download.Bytes),
            ("totalBytes", download.TotalBytes),
        ])))),
    ];

    static JsonText Pressure(PressureUse pressure) => JsonText.Of(
    [
        ("level", pressure.Level),
        ("stalledPercent", pressure.StalledPercent),
        ("availableBytes", pressure.AvailableBytes),
        ("limitBytes", pressure.LimitBytes),
        ("requestsAtOnce", pressure.RequestsAtOnce),
        ("tight", pressure.Tight),
        ("critical", pressure.Critical),
        ("unloaded", pressure.Unloaded),
        ("trimmed", pressure.Trimmed),
    ]);

    static JsonText Model(ModelStatus model) => JsonText.Of(
    [
        ("task", model.Task),
        ("type", model.Type),
        ("modelName", model.ModelName),
        ("state", model.State),
        ("bytes", model.Bytes),
        ("device", model.Device),
        ("idleMs", model.IdleMs),
        ("precision", model.Precision),
        ("precisionNote", model.PrecisionNote),
        ("copyBytes", model.CopyBytes),
    ]);

    /// <summary>Nothing of it where requests go to the daemon alone.</summary>
    (string, JsonText)[] Upstreams() => upstreams is null ? [] :
    [
        ("held", upstreams.Held),
        ("wakes", wake?.Count ?? 0),
        ("upstreams", JsonText.List(upstreams.Snapshot().Select(one => JsonText.Of(
        [
            ("name", one.Name),
            ("state", !one.IsUp ? "away" : one.IsReady ? "ready" : "not ready"),
            ("inFlight", one.InFlight),
            ("answered", one.Answered),
            ("failed", one.Failed),
        ])))),
    ];

    (string, JsonText)[] Gateway() =>
    [
        ("rules", options.Rules),
        ("open", predict.Open),
        ("uploadBytes", budget.Taken),
        ("gatewayRssBytes", Environment.WorkingSet),
        ("slotSeconds", Traffic.SlotLength.TotalSeconds),
        ("history", JsonText.List(traffic.History().Select(slot => JsonText.List(
        [
            slot.Requests, slot.Errors,
            Math.Round(slot.Requests > 0 ? slot.SumMs / slot.Requests : 0, 1), Math.Round(slot.MaxMs, 1),
        ])))),
        ("errors", JsonText.List(traffic.Errors().Select(error => JsonText.Of(
        [
            ("at", error.At.ToString("O", CultureInfo.InvariantCulture)),
            ("path", error.Path),
            ("status", error.Status),
            ("code", error.Code),
        ])))),
    ];
}

using System.Globalization;
using ImmichMl.Client;
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
        context.Response.Headers.CacheControl = "no-store";
        await Reply.JsonAsync(context, JsonText.Object(
        [
            ("daemon", JsonText.Object(Daemon(report))), ("models", JsonText.Array(report.Models.Select(Model))), .. Gateway(),
        ]));
    }

    static IEnumerable<(string Name, string Json)> Daemon(DaemonReport report) =>
    [
        ("up", JsonText.Flag(report.Info is not null)),
        ("reason", report.Reason is { } reason ? JsonText.Text(reason) : "null"),
        .. report.Info is { } info ? Info(info) : [],
        .. report.Stats is { } stats ? Stats(stats) : [],
    ];

    static (string, string)[] Info(InfoResult info) =>
    [
        ("ready", JsonText.Flag(info.Ready)),
        ("version", JsonText.Text(info.Version)),
        ("uptimeMs", JsonText.Number(info.UptimeMs)),
        ("threads", JsonText.Text(info.Threads)),
        ("providers", JsonText.Text(string.Join(", ", info.Providers))),
        ("devices", JsonText.Text(string.Join(", ", info.Devices.Select(device => device.Name)))),
        ("queueLimit", JsonText.Number(info.Limits.Queue)),
    ];

    static (string, string)[] Stats(StatsResult stats) =>
    [
        ("interactive", JsonText.Number(stats.Queue.Interactive)),
        ("background", JsonText.Number(stats.Queue.Background)),
        ("rssBytes", JsonText.Number(stats.Memory.RssBytes)),
        ("anonBytes", JsonText.Number(stats.Memory.AnonBytes)),
        ("arenaBytes", JsonText.Number(stats.Memory.ArenaBytes)),
        ("requests", JsonText.Number(stats.Requests.Sum(count => count.Count))),
        ("downloads", JsonText.Array(stats.Downloads.Select(download => JsonText.Object(
        [
            ("modelName", JsonText.Text(download.ModelName)),
            ("bytes", JsonText.Number(download.Bytes)),
            ("totalBytes", JsonText.Number(download.TotalBytes)),
        ])))),
    ];

    static string Model(ModelStatus model) => JsonText.Object(
    [
        ("task", JsonText.Text(model.Task)),
        ("type", JsonText.Text(model.Type)),
        ("modelName", JsonText.Text(model.ModelName)),
        ("state", JsonText.Text(model.State)),
        ("bytes", JsonText.Number(model.Bytes)),
        ("device", JsonText.Text(model.Device)),
        ("idleMs", JsonText.Number(model.IdleMs)),
    ]);

    (string, string)[] Gateway() =>
    [
        ("open", JsonText.Number(predict.Open)),
        ("uploadBytes", JsonText.Number(budget.Taken)),
        ("gatewayRssBytes", JsonText.Number(Environment.WorkingSet)),
        ("slotSeconds", JsonText.Number(Traffic.SlotLength.TotalSeconds)),
        ("history", JsonText.Array(traffic.History().Select(slot => JsonText.Array(
        [
            JsonText.Number(slot.Requests), JsonText.Number(slot.Errors),
            JsonText.Number(Math.Round(slot.Requests > 0 ? slot.SumMs / slot.Requests : 0, 1)), JsonText.Number(Math.Round(slot.MaxMs, 1)),
        ])))),
        ("errors", JsonText.Array(traffic.Errors().Select(error => JsonText.Object(
        [
            ("at", JsonText.Text(error.At.ToString("O", CultureInfo.InvariantCulture))),
            ("path", JsonText.Text(error.Path)),
            ("status", JsonText.Number(error.Status)),
            ("code", JsonText.Text(error.Code)),
        ])))),
    ];
}

using ImmichMl.Gateway.Upstreams;

namespace ImmichMl.Gateway;

/// <summary>/metrics for Prometheus: the daemon's counters as it tells them, and the gateway's own.</summary>
sealed class MetricsEndpoint(
    DaemonState daemon, PredictEndpoint predict, UploadBudget budget, Traffic traffic, UpstreamPool? upstreams = null, WakeUp? wake = null)
{
    public async Task AnswerAsync(HttpContext context)
    {
        DaemonReport report = await daemon.AskAsync(context.RequestAborted);
        var text = new MetricsText();
        text.Single("immich_ml_up", "gauge", "Whether the daemon answers.", report.Info is null ? 0 : 1);
        text.Single("immich_ml_ready", "gauge", "Whether preloaded models are loaded.", report.Info is { Ready: true } ? 1 : 0);
        if (report.Info is { } info)
        {
            text.Single("immich_ml_uptime_seconds", "gauge", "Time since the daemon's start.", info.UptimeMs / 1000d);
            text.Family("immich_ml_info", "gauge", "The daemon's version.");
            text.Sample("immich_ml_info", 1, ("version", info.Version));
        }

        WriteModels(text, [.. report.Models.Where(model => model.State != "absent")]);
        if (report.Stats is { } stats)
        {
            WriteStats(text, stats);
        }

        WriteGateway(text);
        if (upstreams is not null)
        {
            WriteUpstreams(text, upstreams, wake?.Count ?? 0);
        }

        await Reply.WriteAsync(context, 200, MetricsText.ContentType, text.ToString());
    }

    static void WriteModels(MetricsText text, IReadOnlyList<ModelStatus> models)
    {
        text.Family("immich_ml_model_loaded", "gauge", "Whether the model is in memory.");
        foreach (ModelStatus model in models)
        {
            text.Sample(
                "immich_ml_model_loaded", model.State == "loaded" ? 1 : 0,
                ("task", model.Task), ("type", model.Type), ("model", model.ModelName));
        }

        text.Family("immich_ml_model_bytes", "gauge", "Size of the model.");
        foreach (ModelStatus model in models)
        {
            text.Sample("immich_ml_model_bytes", model.Bytes, ("task", model.Task), ("type", model.Type), ("model", model.ModelName));
        }
    }

    static void WriteStats(MetricsText text, StatsResult stats)
    {
        text.Family("immich_ml_requests_total", "counter", "Requests of a model by outcome.");
        foreach (RequestCount count in stats.Requests)
        {
            text.Sample("immich_ml_requests_total", count.Count,
                ("task", count.Model.Task), ("type", count.Model.Type), ("model", count.Model.ModelName), ("code", count.Code));
        }

        text.Family("immich_ml_stage_seconds", "histogram", "Time that a stage of a model's requests took.");
        foreach (LatencyHistogram histogram in stats.Latency)
        {
            WriteHistogram(text, histogram);
        }

        text.Family("immich_ml_queue", "gauge", "Requests that wait.");
        text.Sample("immich_ml_queue", stats.Queue.Interactive, ("priority", "interactive"));
        text.Sample("immich_ml_queue", stats.Queue.Background, ("priority", "background"));
        WriteLoad(text, stats);
        text.Single("immich_ml_resident_bytes", "gauge", "The daemon's resident memory.", stats.Memory.RssBytes);
        text.Single("immich_ml_anonymous_bytes", "gauge", "The part of it that no file backs.", stats.Memory.AnonBytes);
        text.Single("immich_ml_arena_bytes", "gauge", "What ONNX Runtime's arenas hold.", stats.Memory.ArenaBytes);
        if (stats.Pressure is { } pressure)
        {
            WritePressure(text, pressure);
        }

        if (stats.ResultCache is { } results)
        {
            text.Single("immich_ml_result_cache_entries", "gauge", "Answers kept for requests that come again.", results.Entries);
            text.Single("immich_ml_result_cache_bytes", "gauge", "Memory that they take.", results.Bytes);
            text.Family("immich_ml_result_cache_requests_total", "counter", "Requests that such an answer was looked for.");
            text.Sample("immich_ml_result_cache_requests_total", results.Hits, ("outcome", "hit"));
            text.Sample("immich_ml_result_cache_requests_total", results.Misses, ("outcome", "miss"));
        }

        text.Family("immich_ml_download_bytes", "gauge", "Bytes of a running download that have arrived.");
        foreach (DownloadProgress download in stats.Downloads)
        {
            text.Sample("immich_ml_download_bytes", download.Bytes, ("model", download.ModelName));
        }
    }

    /// <summary>What can be in work and what is, for who scales by it; the CPU as a device is both lanes together.</summary>
    static void WriteLoad(MetricsText text, StatsResult stats)
    {
        if (stats.Slots is { } slots)
        {
            (string, string)[] interactive = [("lane", "interactive")], background = [("lane", "background")];
            WriteGauges(text, "immich_ml_lane", "of a lane", [(interactive, slots.Interactive), (background, slots.Background)]);
        }

        List<((string, string)[] Labels, LaneUse Use)> devices =
        [
            .. from device in stats.Devices where !device.Lost select (Of(device.Provider, device.Id), new LaneUse(1, device.Runs)),
        ];
        if (stats.Slots is { } both)
        {
            devices.Insert(0, (Of("cpu", 0), new LaneUse(both.Background.Capacity, both.Interactive.Busy + both.Background.Busy)));
        }

        WriteGauges(text, "immich_ml_device", "of a device", devices);

        static (string, string)[] Of(string provider, int id) =>
            [("provider", provider), ("id", id.ToString(System.Globalization.CultureInfo.InvariantCulture))];
    }

    static void WriteGauges(MetricsText text, string name, string whose, IReadOnlyList<((string, string)[] Labels, LaneUse Use)> all)
    {
        foreach ((string what, string help, Func<LaneUse, double> value) in ((string, string, Func<LaneUse, double>)[])
        [
            ("capacity", $"Requests {whose} that can be in work at once.", static use => use.Capacity),
            ("busy", $"Requests {whose} that are in work.", static use => use.Busy),
            ("utilization", $"Busy over capacity {whose}.", static use => use.Capacity > 0 ? (double)use.Busy / use.Capacity : 0),
        ])
        {
            text.Family($"{name}_{what}", "gauge", help);
            foreach (((string, string)[] labels, LaneUse use) in all)
            {
                text.Sample($"{name}_{what}", value(use), labels);
            }
        }
    }

    static void WritePressure(MetricsText text, PressureUse pressure)
    {
        text.Family("immich_ml_memory_pressure", "gauge", "How short memory is: the level that is in force has 1.");
        foreach (string level in (ReadOnlySpan<string>)[PressureUse.CalmLevel, PressureUse.TightLevel, PressureUse.CriticalLevel])
        {
            text.Sample("immich_ml_memory_pressure", level == pressure.Level ? 1 : 0, ("level", level));
        }

        text.Single("immich_ml_memory_available_bytes", "gauge", "Memory that can still be taken.", pressure.AvailableBytes);
        text.Single("immich_ml_memory_limit_bytes", "gauge", "Memory of the machine or of a control group.", pressure.LimitBytes);
        text.Family("immich_ml_memory_steps_total", "counter", "What was done because memory was short, and how often it got so.");
        text.Sample("immich_ml_memory_steps_total", pressure.Tight, ("step", "tight"));
        text.Sample("immich_ml_memory_steps_total", pressure.Critical, ("step", "critical"));
        text.Sample("immich_ml_memory_steps_total", pressure.Trimmed, ("step", "trimmed"));
        text.Sample("immich_ml_memory_steps_total", pressure.Unloaded, ("step", "unloaded"));
    }

    /// <summary>The wire counts each bucket by itself, Prometheus all up to its bound; the rest is what is over the last bound.</summary>
    static void WriteHistogram(MetricsText text, LatencyHistogram histogram)
    {
        (string, string)[] labels =
        [
            ("task", histogram.Model.Task), ("type", histogram.Model.Type), ("model", histogram.Model.ModelName),
            ("stage", histogram.Stage),
        ];
        long below = 0;
        for (int i = 0; i < Math.Min(histogram.BucketsMs.Length, histogram.Counts.Length); i++)
        {
            below += histogram.Counts[i];
            text.Sample("immich_ml_stage_seconds_bucket", below, [.. labels, ("le", MetricsText.Number(histogram.BucketsMs[i] / 1000))]);
        }

        text.Sample("immich_ml_stage_seconds_bucket", histogram.Count, [.. labels, ("le", "+Inf")]);
        text.Sample("immich_ml_stage_seconds_sum", histogram.SumMs / 1000, labels);
        text.Sample("immich_ml_stage_seconds_count", histogram.Count, labels);
    }

    void WriteGateway(MetricsText text)
    {
        text.Family("immich_ml_gateway_requests_total", "counter", "HTTP requests by path, status and code.");
        foreach (((string path, int status, string code), long count) in traffic.Counts)
        {
            text.Sample("immich_ml_gateway_requests_total", count,
                ("path", path), ("status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("code", code));
        }

        text.Single("immich_ml_gateway_open_requests", "gauge", "Predictions that are being read or answered.", predict.Open);
        text.Single("immich_ml_gateway_upload_bytes", "gauge", "Memory that bodies take at the moment.", budget.Taken);
        text.Single("immich_ml_gateway_resident_bytes", "gauge", "The gateway's resident memory.", Environment.WorkingSet);
    }

    static void WriteUpstreams(MetricsText text, UpstreamPool upstreams, long wakes)
    {
        IReadOnlyList<UpstreamView> all = upstreams.Snapshot();
        Each("immich_ml_upstream_up", "gauge", "Whether the upstream answers.", static one => one.IsUp ? 1 : 0);
        Each("immich_ml_upstream_ready", "gauge", "Whether it takes work.", static one => one.IsReady ? 1 : 0);
        Each("immich_ml_upstream_in_flight", "gauge", "Requests at it.", static one => one.InFlight);
        Each("immich_ml_upstream_answered_total", "counter", "Requests that it answered.", static one => one.Answered);
        Each("immich_ml_upstream_failed_total", "counter", "Requests that it did not answer, and that went elsewhere.",
            static one => one.Failed);
        text.Single("immich_ml_gateway_held_requests", "gauge", "Requests that wait for an upstream.", upstreams.Held);
        text.Single("immich_ml_gateway_wakes_total", "counter", "Times that a box that sleeps was to be woken.", wakes);

        void Each(string name, string type, string help, Func<UpstreamView, double> value)
        {
            text.Family(name, type, help);
            foreach (UpstreamView one in all)
            {
                text.Sample(name, value(one), ("upstream", one.Name));
            }
        }
    }
}

namespace ImmichMl.Gateway.Upstreams;

/// <summary>An answer to hand on: the daemon's as it is, an upstream's as JSON that was looked at.</summary>
readonly record struct RoutedAnswer(PredictResult? Result, ReadOnlyMemory<byte> Json, string? ServerTiming);

/// <summary>
/// Takes a prediction to an upstream, and to another one where it failed before an answer was there: a prediction changes nothing, so
/// asking twice does no harm. Where nobody can answer it is held for a while, and the box that sleeps is woken.
/// </summary>
sealed class UpstreamRouter(
    UpstreamRoutes routes, UpstreamPool pool, UpstreamForwarder forwarder, UpstreamWatch watch, WakeUp wake, GatewayOptions options,
    TimeProvider time, ILogger<UpstreamRouter> log)
{
    /// <summary>A request that ends each box that it comes to does not go round for ever.</summary>
    const int MostLosses = 5;

    /// <summary>A person who searches does not wait longer.</summary>
    static readonly TimeSpan s_personsPatience = TimeSpan.FromSeconds(5);

    /// <summary>When to come again where nothing can be said about it.</summary>
    static readonly TimeSpan s_again = TimeSpan.FromSeconds(5);

    /// <param name="tasks">What is asked for, which decides who may answer.</param>
    /// <param name="form">The request; it stays the caller's.</param>
    /// <param name="context">Where it came from.</param>
    /// <param name="askDaemon">Asks the daemon at our socket.</param>
    /// <exception cref="HttpFault">Nobody answered, or the request is at fault.</exception>
    public async Task<RoutedAnswer> AskAsync(
        IReadOnlyList<TaskEntry> tasks, PredictForm form, HttpContext context, Func<Task<PredictResult>> askDaemon)
    {
        if (UpstreamForwarder.HopsOf(context.Request) >= UpstreamForwarder.MostHops)
        {
            throw new HttpFault(508, "loop", "The request has come through too many gateways: their settings lead in a circle.");
        }

        long started = time.GetTimestamp();
        List<Upstream> may = [.. routes.For(tasks)];
        bool isInteractive = tasks.Count > 0 && tasks.All(task => task.Type == "textual");
        var hold = TimeSpan.FromSeconds(options.HoldSeconds);
        TimeSpan patience = isInteractive && hold > s_personsPatience ? s_personsPatience : hold;
        HttpFault? last = null;
        Upstream? failed = null;
        for (int losses = 0; may.Count > 0 && losses < MostLosses;)
        {
            if (!pool.IsAnyUp(may))
            {
                wake.Ask(may);
                form.Image?.Trim();
            }

            TimeSpan waited = time.GetElapsedTime(started);
            List<Upstream> others = [.. may.Where(upstream => upstream != failed)];
            IReadOnlyList<Upstream> rather = pool.IsAnyReady(others) ? others : may;
            Upstream one = await pool.TakeAsync(rather, isInteractive, patience - waited, context.RequestAborted)
                ?? throw last ?? new HttpFault(503, "no_upstream", "No machine-learning service can answer this now.", s_again);
            UpstreamReply reply = new(ReplyKind.Lost, "not asked to the end");
            try
            {
                TimeSpan left = TimeSpan.FromSeconds(options.RequestTimeoutSeconds) - time.GetElapsedTime(started);
                if (one.IsLocal)
                {
                    (reply, PredictResult? result) = await AskLocalAsync(askDaemon);
                    if (result is not null)
                    {
                        return new RoutedAnswer(result, default, null);
                    }
                }
                else
                {
                    reply = await forwarder.AskAsync(one, tasks, form, context, left, one.Gone.Token);
                }
            }
            catch (HttpFault)
            {
                // The request is at fault; who found that has answered.
                reply = new UpstreamReply(ReplyKind.Refused, "");
                throw;
            }
            finally
            {
                bool? isAnswered = reply.Kind is ReplyKind.Answered or ReplyKind.Refused ? true
                    : context.RequestAborted.IsCancellationRequested ? null : false;
                pool.Return(one, isAnswered, reply.Kind == ReplyKind.Busy ? reply.RetryAfter ?? s_again : null);
            }

            switch (reply.Kind)
            {
                case ReplyKind.Answered:
                    return new RoutedAnswer(null, reply.Body, reply.ServerTiming);
                case ReplyKind.Refused:
                    throw HttpFault.OfUpstream(reply.Status, reply.Body);
                case ReplyKind.Busy:
                    last = new HttpFault(503, "overloaded", "The machine-learning services are too busy.", reply.RetryAfter ?? s_again);
                    continue;
                case ReplyKind.Away:
                    pool.Tell(one, isUp: false, isReady: false, isRefused: true);
                    break;
                case ReplyKind.Wrong:
                    may.Remove(one);
                    break;
            }

            failed = one;
            log.UpstreamFailed(one.Name, reply.Why, context.TraceIdentifier);
            losses += reply.Kind == ReplyKind.Away ? 0 : 1;
            last = reply switch
            {
                { Status: 404, Body.IsEmpty: false } => HttpFault.OfUpstream(404, reply.Body),
                { Status: 504 } => new HttpFault(504, "deadline_exceeded", $"{one.Name}: {reply.Why}."),
                { Kind: ReplyKind.Away } => null,
                _ => new HttpFault(502, "upstream_failed", $"The machine-learning service at {one.Name} failed: {reply.Why}."),
            };
            watch.CheckSoon(one);
        }

        throw last ?? new HttpFault(502, "upstream_failed", "No machine-learning service answered this.");
    }

    /// <summary>The daemon's own refusals are thrown on as they are; what it may yet answer, or another one may, is a reply.</summary>
    static async Task<(UpstreamReply Reply, PredictResult? Result)> AskLocalAsync(Func<Task<PredictResult>> askDaemon)
    {
        try
        {
            return (new UpstreamReply(ReplyKind.Answered, ""), await askDaemon());
        }
        catch (MlConnectionException)
        {
            return (new UpstreamReply(ReplyKind.Away, "not to be reached"), null);
        }
        catch (MlErrorException e) when (e.Code.HttpStatus == 503)
        {
            TimeSpan after = TimeSpan.FromMilliseconds(Math.Clamp(e.Error.RetryAfterMs ?? 1000, 500, 10_000));
            return (new UpstreamReply(ReplyKind.Busy, "too busy", 503, RetryAfter: after), null);
        }
        catch (MlErrorException e) when (e.Code.HttpStatus is null or 404 or >= 500)
        {
            string detail = $$"""{"detail":{{(JsonText)e.Error.Message}}}""";
            return (new UpstreamReply(ReplyKind.Wrong, e.Code.Name, e.Code.HttpStatus ?? 500, Encoding.UTF8.GetBytes(detail)), null);
        }
        catch (MlErrorException e)
        {
            throw HttpFault.From(e.Error);
        }
    }
}

namespace ImmichMl.Daemon;

/// <summary>Everything that the daemon logs. No query, picture or embedding ever stands here.</summary>
static partial class Log
{
    [LoggerMessage(
        1, LogLevel.Information,
        "Listening on {Path}, version {Version}, rules of Immich {Rules}, models of revision {Revision}, cache {Cache}")]
    public static partial void Listening(
        this ILogger logger, string path, string version, string rules, string revision, string cache);
    [LoggerMessage(2, LogLevel.Information, "Stopping: {Open} requests are open")]
    public static partial void Stopping(this ILogger logger, int open);
    [LoggerMessage(3, LogLevel.Information, "Stopped")]
    public static partial void Stopped(this ILogger logger);
    [LoggerMessage(4, LogLevel.Warning, "{Open} requests were still open after {Seconds} s and were cancelled")]
    public static partial void DrainTimedOut(this ILogger logger, int open, double seconds);
    [LoggerMessage(5, LogLevel.Warning, "{Name} is set and has no effect in this version")]
    public static partial void SettingWithoutEffect(this ILogger logger, string name);
    [LoggerMessage(6, LogLevel.Information, "Pictures are decoded by {Codec}")]
    public static partial void DecodingWith(this ILogger logger, string codec);
    [LoggerMessage(7, LogLevel.Information, "Models run on {Devices}")]
    public static partial void RunningOn(this ILogger logger, string devices);
    [LoggerMessage(8, LogLevel.Warning, "{Trouble}")]
    public static partial void DeviceTrouble(this ILogger logger, string trouble);
    [LoggerMessage(9, LogLevel.Information, "Memory: {Plan}")]
    public static partial void PlannedMemory(this ILogger logger, string plan);
    [LoggerMessage(10, LogLevel.Information, "Connection {Connection} from pid {Pid}, uid {Uid}, gid {Gid}")]
    public static partial void Connected(this ILogger logger, long connection, int pid, uint uid, uint gid);
    [LoggerMessage(11, LogLevel.Debug, "Connection {Connection} has ended: {Reason}")]
    public static partial void Disconnected(this ILogger logger, long connection, string reason);
    [LoggerMessage(12, LogLevel.Warning, "A connection was turned away: {Limit} are open")]
    public static partial void TooManyConnections(this ILogger logger, int limit);
    [LoggerMessage(13, LogLevel.Warning, "Accepting failed and is tried again in {Delay} ms: {Cause}")]
    public static partial void AcceptFailed(this ILogger logger, double delay, string cause);
    [LoggerMessage(14, LogLevel.Critical, "The listening socket is gone: {Cause}")]
    public static partial void AcceptBroken(this ILogger logger, string cause);
    [LoggerMessage(15, LogLevel.Error, "Connection {Connection} ended by a fault of ours")]
    public static partial void ConnectionFailed(this ILogger logger, long connection, Exception fault);
    [LoggerMessage(16, LogLevel.Warning, "{Path} was gone and is bound anew")]
    public static partial void BoundAnew(this ILogger logger, string path);
    [LoggerMessage(17, LogLevel.Error, "{Trouble}")]
    public static partial void SocketTrouble(this ILogger logger, string trouble);
    [LoggerMessage(18, LogLevel.Error, "{Part} failed and is started again in {Seconds} s")]
    public static partial void PartFailed(this ILogger logger, string part, double seconds, Exception fault);
    [LoggerMessage(19, LogLevel.Error, "{Part} failed")]
    public static partial void FaultIn(this ILogger logger, string part, Exception fault);
    [LoggerMessage(24, LogLevel.Error, "What was to be cancelled failed")]
    public static partial void CancelFailed(this ILogger logger, Exception fault);
    [LoggerMessage(23, LogLevel.Critical,
        "All decoders hang, {Hanging} of them, for more than a minute: the daemon ends, to be started again")]
    public static partial void DecodersHang(this ILogger logger, int hanging);
    [LoggerMessage(20, LogLevel.Debug,
        "Request {Request} of connection {Connection}: {Operation} ok in {Milliseconds:0.0} ms, {Runs} model runs")]
    public static partial void Answered(
        this ILogger logger, ulong request, long connection, string operation, double milliseconds, int runs);
    [LoggerMessage(21, LogLevel.Information,
        "Request {Request} of connection {Connection}: {Operation} {Code} in {Milliseconds:0.0} ms, {Runs} model runs: {Message}")]
    public static partial void Refused(
        this ILogger logger, ulong request, long connection, string operation, string code, double milliseconds, int runs, string message);
    [LoggerMessage(22, LogLevel.Error, "Request {Request} of connection {Connection}: {Operation} failed")]
    public static partial void Failed(this ILogger logger, ulong request, long connection, string operation, Exception fault);
    [LoggerMessage(23, LogLevel.Warning,
        "Request {Request} of connection {Connection}: {Count} faces, boxes or lines left out, their numbers are not finite")]
    public static partial void LeftOut(this ILogger logger, ulong request, long connection, int count);
    [LoggerMessage(30, LogLevel.Information, "Loading {Model}")]
    public static partial void Loading(this ILogger logger, string model);
    [LoggerMessage(31, LogLevel.Information, "Loaded {Model} in {Milliseconds:0} ms")]
    public static partial void Loaded(this ILogger logger, string model, double milliseconds);
    [LoggerMessage(33, LogLevel.Information, "Unloaded {Model} ({Why}): {Before} MB resident before, {After} MB after")]
    public static partial void Unloaded(this ILogger logger, string model, string why, long before, long after);
    [LoggerMessage(34, LogLevel.Error, "Preloading {Model} failed, the daemon goes on without it: {Cause}")]
    public static partial void PreloadFailed(this ILogger logger, string model, string cause);
    [LoggerMessage(35, LogLevel.Warning,
        "{Name} is an older name: set __VISUAL and __TEXTUAL, or __DETECTION and __RECOGNITION, in its place")]
    public static partial void OutdatedSetting(this ILogger logger, string name);
    [LoggerMessage(36, LogLevel.Information, "Nothing to do for {Seconds} s and no model loaded: the daemon ends")]
    public static partial void EndsIdle(this ILogger logger, double seconds);
    [LoggerMessage(37, LogLevel.Information, "Making a copy of {Model} took {Seconds:0.0} s: {What}")]
    public static partial void Prepared(this ILogger logger, string model, double seconds, string what);
    [LoggerMessage(88, LogLevel.Information, "{Model} runs in {Precision}")]
    public static partial void RunsIn(this ILogger logger, string model, string precision);
    [LoggerMessage(38, LogLevel.Warning, "{Model} has no prepared copy and runs as it is: {Reason}")]
    public static partial void NotPrepared(this ILogger logger, string model, string reason);
    [LoggerMessage(45, LogLevel.Error, "The prepared copy of {Model} was thrown away, the model itself answers: {Reason}")]
    public static partial void DiscardedCopy(this ILogger logger, string model, string reason);
    [LoggerMessage(40, LogLevel.Information, "Reloaded: {Names}")]
    public static partial void Reloaded(this ILogger logger, string names);
    [LoggerMessage(41, LogLevel.Warning, "{Name} has changed and counts from the next start on")]
    public static partial void NeedsRestart(this ILogger logger, string name);
    [LoggerMessage(42, LogLevel.Error, "The settings stay as they are: {Cause}")]
    public static partial void ReloadFailed(this ILogger logger, string cause);
    [LoggerMessage(43, LogLevel.Error, "One piece of work has been running for {Seconds:0} s: the watchdog is not fed any more")]
    public static partial void Stuck(this ILogger logger, double seconds);
    [LoggerMessage(32, LogLevel.Error, "{Model} did not load: {Cause}")]
    public static partial void LoadFailed(this ILogger logger, string model, string cause);
    [LoggerMessage(39, LogLevel.Warning, "{Model} has no code for language '{Language}' and takes the query as English")]
    public static partial void UnknownLanguage(this ILogger logger, string model, string language);
    [LoggerMessage(44, LogLevel.Information, "Removed the prepared copy {Folder}, which is out of date")]
    public static partial void RemovedStale(this ILogger logger, string folder);
    [LoggerMessage(66, LogLevel.Warning,
        "The model cache {Folder} is not there and no model in it: it is made when the first model is fetched")]
    public static partial void NoCache(this ILogger logger, string folder);
    [LoggerMessage(67, LogLevel.Warning, "Not all of the model cache can be looked at: {Cause}")]
    public static partial void UnreadableCache(this ILogger logger, string cause);
    [LoggerMessage(46, LogLevel.Warning, "Prepared copies that are out of date were not looked for to the end: {Cause}")]
    public static partial void StaleLookFailed(this ILogger logger, string cause);
    [LoggerMessage(70, LogLevel.Debug, "Memory is watched by {Sources}; stalls are {How}")]
    public static partial void WatchingMemory(this ILogger logger, string sources, string how);
    [LoggerMessage(EventId = 71, Message =
        "Memory is {Level}: tasks stood still for it {Stalled:0.0} % of 10 s, {Available} of {Limit} MB are left; "
        + "requests at once: {Slots}, megapixels: {Megapixels:0.#}")]
    public static partial void MemoryBecame(
        this ILogger logger, LogLevel severity, string level, double stalled, long available, long limit, int slots, double megapixels);
    [LoggerMessage(72, LogLevel.Information, "Gave memory back because it is short: {Before} MB anonymous before, {After} MB now")]
    public static partial void Trimmed(this ILogger logger, long before, long after);
    [LoggerMessage(73, LogLevel.Information, "A copy of {Model} is made later: it takes about {Needed} MB, and memory is short now")]
    public static partial void PreparedLater(this ILogger logger, string model, long needed);
    [LoggerMessage(60, LogLevel.Information, "Fetching {Model}")]
    public static partial void Fetching(this ILogger logger, string model);
    [LoggerMessage(64, LogLevel.Warning,
        "{Model} was fetched and will not load: it is fetched once more if its files are not as they came")]
    public static partial void FetchingAgain(this ILogger logger, string model);
    [LoggerMessage(65, LogLevel.Warning, "Passed over: {Fault}")]
    public static partial void CatalogFault(this ILogger logger, string fault);
    [LoggerMessage(61, LogLevel.Information, "Fetching {Model}: {Percent} %")]
    public static partial void FetchProgress(this ILogger logger, string model, int percent);
    [LoggerMessage(62, LogLevel.Information, "Fetched {Model}")]
    public static partial void Fetched(this ILogger logger, string model);
    [LoggerMessage(63, LogLevel.Error, "{Model} could not be fetched: {Cause}")]
    public static partial void FetchFailed(this ILogger logger, string model, string cause);
    [LoggerMessage(68, LogLevel.Error, "The gateway {Why} and is started again in {Seconds} s")]
    public static partial void GatewayEnded(this ILogger logger, string why, double seconds);
}

using System.Buffers;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Bench;

/// <summary>Over the daemon's Unix socket, by the client library.</summary>
sealed class SocketPeer(MlClientOptions options) : BenchPeer
{
    readonly MlClient _client = new(options);

    public override async Task<Timings?> AskAsync(Call call, CancellationToken cancellation)
    {
        PredictResult result = await _client.PredictAsync(
            new PredictRequest
            {
                Id = 0,
                Tasks = call.Endpoint.Tasks,
                Image = call.Image is { } image ? new ReadOnlySequence<byte>(image) : null,
                Text = call.Text,
            },
            cancellation);
        bool answered = call.Endpoint.Tasks[0].Task switch
        {
            "clip" => result.Clip is { Length: > 0 },
            "ocr" => result.Ocr is not null,
            _ => result.Faces is not null,
        };
        return answered ? result.Timings : throw new BadAnswerException("unexpected_answer", $"The answer holds no {call.Endpoint.Tasks[0].Task}.");
    }

    public override ValueTask DisposeAsync() => _client.DisposeAsync();
}

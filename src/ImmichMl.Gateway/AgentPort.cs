using Microsoft.AspNetCore.Connections;

namespace ImmichMl.Gateway;

/// <summary>HAProxy's agent-check: who connects is told one line, and the connection ends. What it sends is not read.</summary>
sealed class AgentPort(Drain drain, LoadReport load, HealthEndpoint health)
{
    public async Task AnswerAsync(ConnectionContext connection)
    {
        bool isUp = !drain.IsDraining && await health.IsReadyAsync(connection.ConnectionClosed);
        await connection.Transport.Output.WriteAsync(
            Encoding.ASCII.GetBytes(LoadReport.Agent(drain.IsDraining, isUp, load.Utilization)), connection.ConnectionClosed);
    }
}

namespace ImmichMl.Tests.Support;

/// <summary>A starter under which permissions count: root passes over them, also in a container, until it has given that up.</summary>
static class Unprivileged
{
    public static string[] Starter =>
        Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] : ["env"];
}

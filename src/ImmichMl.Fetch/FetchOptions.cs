using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Fetch;

/// <summary>What the fetcher alone has a use for; how the hub is reached stands in <see cref="Models.HubOptions"/>.</summary>
sealed class FetchOptions
{
    [Display(Name = "IMMICH_ML_FETCH_IDLE", Description = "Seconds without a request after which a fetcher that serves a socket ends")]
    [Range(0.001, 86_400)]
    public double IdleSeconds { get; set; } = 60;
}

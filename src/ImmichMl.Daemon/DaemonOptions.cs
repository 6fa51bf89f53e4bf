using ImmichMl.Daemon.Serving;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Daemon;

/// <summary>All settings of the daemon, each group as its users know it.</summary>
public sealed record DaemonOptions(
    ServeOptions Serve, RuntimeOptions Runtime, ImageLimits Images, ClipOptions Clip, FaceOptions Faces, OcrOptions Ocr,
    ModelOptions Models, ResidencyOptions Residency, PreloadOptions Preload, HubOptions Hub, DeviceOptions Devices,
    PrecisionOptions Precisions)
{
    internal IEnumerable<object> Parts =>
        [Serve, Runtime, Images, Clip, Faces, Ocr, Models, Residency, Preload, Hub, Devices, Precisions];

    /// <param name="settings">What was given.</param>
    /// <param name="memory">What limits that were not given follow from; null: this machine's.</param>
    /// <exception cref="OperatorException">A value cannot be used; the message names its setting.</exception>
    public static DaemonOptions Read(Settings settings, SystemMemory? memory = null)
    {
        var options = new DaemonOptions(
            settings.Read<ServeOptions>(), settings.Read<RuntimeOptions>(), settings.Read<ImageLimits>(), settings.Read<ClipOptions>(),
            settings.Read<FaceOptions>(), settings.Read<OcrOptions>(), settings.Read<ModelOptions>(), settings.Read<ResidencyOptions>(),
            settings.Read<PreloadOptions>(), settings.Read<HubOptions>(), settings.Read<DeviceOptions>(),
            settings.Read<PrecisionOptions>());
        options.Runtime.PinsBatch = options.Clip.MaxBatch == 1;
        MemoryPlan.Fit(options, settings, memory ?? SystemMemory.Now());
        return options;
    }

    /// <summary>Takes over what may change while these are in use.</summary>
    /// <returns>Every setting that differs: true where it was taken over, false where it counts from the next start on.</returns>
    internal IEnumerable<SettingChange> TakeOver(DaemonOptions fresh) =>
        from pair in All().Zip(fresh.All())
        let taken = pair.First.TakeOver(pair.Second)
        where taken is not null
        select new SettingChange(pair.First.Name, taken.Value);

    /// <summary>Name, value in force and description of every setting, in the order of the settings file.</summary>
    public IEnumerable<(string Name, string Value, string Description)> Describe() =>
        All().Select(setting => setting.Describe());

    IEnumerable<Setting> All() =>
    [
        .. Setting.Of(Serve), .. Setting.Of(Runtime), .. Setting.Of(Images), .. Setting.Of(Clip), .. Setting.Of(Faces), .. Setting.Of(Ocr),
        .. Setting.Of(Models), .. Setting.Of(Residency), .. Setting.Of(Preload), .. Setting.Of(Hub), .. Setting.Of(Devices),
        .. Setting.Of(Precisions),
    ];
}

/// <summary>A setting that differs when settings are read again, and whether it was taken over.</summary>
sealed record SettingChange(string Name, bool Taken);
